// npm run bench:training [-- --quick] [-- --out FILE]: times our training and PyTorch's in turn. See docs/performance.md.
import { checkNodeVersion } from '../scripts/set-up/node-version.mjs';
import { runScript } from '../scripts/set-up/script.mjs';

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  // Before anything is built or installed: what is wrong costs no time.
  const { readOptions } = await import('./options.mjs');
  const options = readOptions(process.argv.slice(2));
  const { seesNvidiaGpu } = await import('../scripts/set-up/nvidia-gpu.mjs');
  if (options.gpu && !seesNvidiaGpu()) {
    throw new Error('--gpu needs an NVIDIA GPU, and none is to be seen here: see docs/gpu.md.');
  }
  const { setUp } = await import('../scripts/set-up/index.mjs');
  await setUp({ gpu: options.gpu });
  // What follows loads what was built.
  const { compareTrainings } = await import('./compare-trainings.mjs');
  return (await compareTrainings(options)) ? 0 : 1;
});
