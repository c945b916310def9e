// npm run audit: asks npm's registry for advisories on the packages of the service. It fails if an advisory
// is not explained in audit/advisories.mjs, or if the registry gives no answer.
import { spawnSync } from 'node:child_process';
import { sortAdvisories } from './audit/advisories.mjs';
import { root } from './set-up/places.mjs';

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 2 ** 20,
  shell: process.platform === 'win32',
});
const report = error ? undefined : parsed(stdout);
if (!report?.vulnerabilities) {
  const reason = error?.message ?? report?.message ?? stdout.slice(0, 500);
  console.error(
    `npm's registry gave no advisories: ${reason}. A mirror may have none: set npm's registry to one that has.`,
  );
  process.exitCode = 2;
} else {
  const { unexplained, explained, obsolete } = sortAdvisories(report);
  for (const line of explained) console.log(`Explained: ${line}`);
  for (const name of obsolete)
    console.log(`No advisory any more: ${name}. Take it out of scripts/audit/advisories.mjs.`);
  for (const line of unexplained) console.error(`NOT EXPLAINED: ${line}`);
  if (unexplained.length) {
    console.error(
      'Update what has them. Where that cannot be and they have no effect, say why in scripts/audit/advisories.mjs.',
    );
    process.exitCode = 1;
  } else console.log('No advisory that is not explained.');
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
