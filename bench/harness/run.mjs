import { checkNodeVersion } from '../../scripts/set-up/node-version.mjs';
import { runScript } from '../../scripts/set-up/script.mjs';

/**
 * Runs a benchmark as a command.
 * @param {(args: string[]) => Promise<object>} readOptions runs before anything is built or installed, so that a mistake in the options costs no time
 * @param {(options: object) => Promise<boolean>} measure runs after the build and may import `dist/`. Returns whether everything succeeded
 */
export async function runBenchmark(readOptions, measure) {
  process.exitCode = await runScript(async () => {
    checkNodeVersion();
    const options = await readOptions(process.argv.slice(2));
    const { setUp } = await import('../../scripts/set-up/index.mjs');
    await setUp({ gpu: options.gpu });
    return (await measure(options)) ? 0 : 1;
  });
}
