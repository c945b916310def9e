// npm run bench:serving [-- --quick] [-- --out FILE]: times the service, ONNX Runtime alone and a PyTorch server in turn. See docs/performance.md.
import { checkNodeVersion } from '../scripts/set-up/node-version.mjs';
import { runScript } from '../scripts/set-up/script.mjs';

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  // Before anything is built or installed: what is wrong costs no time.
  const { readServingOptions } = await import('./serving/options.mjs');
  const options = readServingOptions(process.argv.slice(2));
  const { setUp } = await import('../scripts/set-up/index.mjs');
  await setUp();
  // What follows loads what was built.
  const { compareServings } = await import('./serving/comparison.mjs');
  return (await compareServings(options)) ? 0 : 1;
});
