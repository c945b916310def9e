// npm run test:fuzz [-- FOLDER … | ARGUMENT …]: runs the property tests of code that reads files and texts
// from outside, with far more tries than `npm test`: WELLFORMED_FUZZ_RUNS, or 20,000. A failure is shown with
// the seed that reproduces it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTests } from './run-tests.mjs';
import { root } from './set-up/places.mjs';
import { runScript } from './set-up/script.mjs';

process.env.WELLFORMED_FUZZ_RUNS ??= '20000';

process.exitCode = await runScript(() => {
  const args = process.argv.slice(2);
  const folders = args.filter((arg) => !arg.startsWith('-'));
  const files = readdirSync(join(root, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => join('src', name).replaceAll('\\', '/'))
    .filter((name) => folders.length === 0 || folders.some((folder) => name.startsWith(folder)))
    .filter((name) => readFileSync(join(root, name), 'utf8').includes('fuzzed('));
  if (files.length === 0) throw new Error(`No property tests are below ${folders.join(' and ')}.`);
  const options = args.filter((arg) => arg.startsWith('-'));
  return runTests([...files, '--testTimeout=1800000', ...options]);
});
