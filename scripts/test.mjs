// npm test [-- ARGUMENT …]: sets up what is missing, then runs Vitest; arguments go to Vitest. The last line sums up its report.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';
import { summary } from './test-summary.mjs';

process.exitCode = await runScript(async () => {
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
    const code = await runInForeground(
      process.execPath,
      [vitest, 'run', ...reporters, ...process.argv.slice(2)],
      { cwd: root },
    );
    console.log(summary(JSON.parse(readFileSync(report, 'utf8')), code));
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
