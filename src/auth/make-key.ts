import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { parseApiKeys, scopes } from '../config/api-key-list.js';

// npm run api-key -- --name NAME --scopes SCOPE,SCOPE: makes a key. It prints the key and its entry for the
// settings.

const usage = `Usage: npm run api-key -- --name NAME --scopes SCOPES
  NAME    whose key it is: letters, digits, "." and "-"
  SCOPES  ${scopes.join(', ')}; several with commas between them`;

/** Makes a key of 256 random bits. The prefix lets people and secret scanners recognise it. */
function newKey(): string {
  return `wf_${randomBytes(32).toString('base64url')}`;
}

function main(): void {
  const { values } = parseArgs({ options: { name: { type: 'string' }, scopes: { type: 'string' } } });
  if (values.name === undefined || values.scopes === undefined)
    throw new Error('--name or --scopes is missing.');
  const key = newKey();
  const given = values.scopes.split(/[,+]/).map((scope) => scope.trim());
  const sha256 = createHash('sha256').update(key).digest('hex');
  const entry = `${values.name}:${given.join('+')}:${sha256}`;
  const parsed = parseApiKeys([entry]);
  if (typeof parsed === 'string') throw new Error(`The key cannot be made: its ${parsed}.`);
  console.log(`Key, shown this once: ${key}`);
  console.log(`Entry, for WELLFORMED_API_KEYS or a line of WELLFORMED_API_KEYS_FILE:\n${entry}`);
}

try {
  main();
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exitCode = 1;
}
