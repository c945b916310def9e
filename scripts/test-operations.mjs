// npm run test:operations [-- NAME … ARGUMENT …]: runs the tests of test/operations/, which take long or need
// more than Node: all, or those with the given names (`drain`, `soak`). The first argument that begins with a
// dash, and all after it, go to Vitest.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runTests } from './run-tests.mjs';
import { root } from './set-up/places.mjs';
import { runScript } from './set-up/script.mjs';

const folder = join(root, 'test', 'operations');

process.exitCode = await runScript(() => {
  const args = process.argv.slice(2);
  const firstOption = args.findIndex((arg) => arg.startsWith('-'));
  const names = firstOption === -1 ? args : args.slice(0, firstOption);
  return runTests([
    '--config=vitest.operations.config.ts',
    ...names.map(fileOf),
    ...args.slice(names.length),
  ]);
});

function fileOf(name) {
  const file = join(folder, `${name}.spec.ts`);
  if (existsSync(file)) return file;
  const known = readdirSync(folder)
    .filter((entry) => entry.endsWith('.spec.ts'))
    .map((entry) => entry.slice(0, -'.spec.ts'.length));
  throw new Error(`There is no test of operations called "${name}". There are: ${known.join(', ')}.`);
}
