import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNodeVersion } from './node-version.mjs';
import { runScript } from './script.mjs';

/**
 * Sets up what is missing, then runs a built program in the same process, so that it gets the signals and
 * sets the exit code.
 */
export async function runProgram(file, args = []) {
  const { root } = await runScript(async () => {
    checkNodeVersion();
    const { setUp } = await import('./index.mjs');
    await setUp();
    return import('./places.mjs');
  });
  const program = join(root, file);
  process.setSourceMapsEnabled(true);
  process.argv = [process.argv[0], program, ...args];
  await import(pathToFileURL(program).href);
}
