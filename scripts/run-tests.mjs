import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { summary } from './test-summary.mjs';

/**
 * Sets up what is missing, then runs Vitest. The last line is a summary.
 *
 * @param {string[]} args for Vitest
 * @returns {Promise<number>} the exit code
 */
export async function runTests(args) {
  checkNodeVersion();
  const { setUp } = await import('./set-up/index.mjs');
  const { runInForeground } = await import('./set-up/command.mjs');
  const { root, nodeModules } = await import('./set-up/places.mjs');
  await setUp();

  const folder = mkdtempSync(join(tmpdir(), 'wellformed-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(nodeModules, 'vitest', 'vitest.mjs');
  try {
    const code = await runInForeground(process.execPath, [vitest, 'run', ...reporters, ...args], {
      cwd: root,
    });
    console.log(summary(JSON.parse(readFileSync(report, 'utf8')), code));
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
