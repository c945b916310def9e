// npm run check: sets up what is missing, then runs every check that needs no test run. It runs all of them
// even if one fails.
import { join } from 'node:path';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

const checks = [
  { name: 'types', program: 'node_modules/typescript/bin/tsc', args: ['-p', 'tsconfig.json', '--noEmit'] },
  { name: 'types of the page', program: 'node_modules/typescript/bin/tsc', args: ['-p', 'web'] },
  {
    name: 'types of the client',
    program: 'node_modules/typescript/bin/tsc',
    args: ['-p', 'packages/client', '--noEmit'],
  },
  {
    name: 'types of the tests, which use the client and so know what browsers have',
    program: 'node_modules/typescript/bin/tsc',
    args: ['-p', 'test'],
  },
  { name: 'lint', program: 'node_modules/eslint/bin/eslint.js', args: ['--max-warnings=0', '.'] },
  {
    name: 'format',
    program: 'node_modules/prettier/bin/prettier.cjs',
    args: ['--check', '--log-level=warn', '.'],
  },
  {
    name: 'prose of the pages',
    program: 'node_modules/textlint/bin/textlint.js',
    args: ['README.md', 'CONTRIBUTING.md', 'docs/**/*.md'],
  },
  {
    name: 'Dockerfile, compose.yaml, k8s/, workflows and issue forms',
    program: 'scripts/check-manifests.mjs',
    args: [],
  },
  { name: 'openapi/openapi.json is what the code says', program: 'dist/openapi.js', args: ['--check'] },
  {
    name: 'packages/client was generated from openapi/openapi.json',
    program: 'scripts/client.mjs',
    args: ['--check'],
  },
  {
    name: 'docs/configuration.md and docs/hyperparameters.md are what the code declares',
    program: 'dist/reference.js',
    args: ['--check'],
  },
];

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  const { setUp } = await import('./set-up/index.mjs');
  const { runInForeground } = await import('./set-up/command.mjs');
  const { root } = await import('./set-up/places.mjs');
  await setUp();

  const failed = [];
  for (const { name, program, args } of checks) {
    const started = Date.now();
    const code = await runInForeground(process.execPath, [join(root, program), ...args], { cwd: root });
    console.log(`${code === 0 ? 'ok' : 'FAILED'}: ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (code !== 0) failed.push(name);
    if (code >= 128) break;
  }
  if (failed.length)
    console.log(
      `\nFailed: ${failed.join(', ')}. \`npx prettier --write .\` mends the format, \`npm run openapi\` the API document, \`npm run client\` the client.`,
    );
  return failed.length ? 1 : 0;
});
