// npm run bench:page: measures the page of a service of its own, in the system's Chromium. See docs/performance.md.
import { checkNodeVersion } from '../scripts/set-up/node-version.mjs';
import { runScript } from '../scripts/set-up/script.mjs';

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  const { setUp } = await import('../scripts/set-up/index.mjs');
  await setUp();
  const { measurePage } = await import('./page/measurements.mjs');
  return (await measurePage()) ? 0 : 1;
});
