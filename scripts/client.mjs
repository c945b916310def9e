// npm run client [-- --check]: generates packages/client/src/generated/ from openapi/openapi.json, or checks
// that it is up to date. The generator needs Node 22.18 or later. So its output is committed, with the
// SHA-256 of the document that it came from.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

const OLDEST_NODE = [22, 18];

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  const { root } = await import('./set-up/places.mjs');
  const document = join(root, 'openapi', 'openapi.json');
  const output = join(root, 'packages', 'client', 'src', 'generated');
  const sumFile = join(output, 'openapi.sha256');
  const sum = `${createHash('sha256').update(readFileSync(document)).digest('hex')}\n`;

  if (process.argv.includes('--check')) {
    if (readIfThere(sumFile) === sum) return 0;
    console.error(
      'packages/client was generated from another openapi.json. Run npm run client (Node 22.18 or later).',
    );
    return 1;
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    console.error(
      `The generator needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`,
    );
    return 1;
  }
  const { createClient } = await import('@hey-api/openapi-ts');
  rmSync(output, { recursive: true, force: true });
  await createClient({
    input: document,
    output: { path: output },
    logs: { level: 'silent' },
    plugins: [
      { name: '@hey-api/client-fetch', throwOnError: true },
      '@hey-api/typescript',
      {
        name: '@hey-api/sdk',
        responseStyle: 'data',
        // `DatasetsController_list` becomes `api.datasets.list`.
        operations: {
          strategy: 'single',
          containerName: 'Api',
          nesting: ({ operationId }) => nameOf(operationId),
        },
      },
    ],
  });
  writeFileSync(sumFile, sum);
  return 0;
});

function nameOf(operationId) {
  const [feature, method] = operationId.split('Controller_');
  return [feature[0].toLowerCase() + feature.slice(1), method];
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
