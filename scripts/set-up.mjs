// npm run set-up [-- STEP …] [--require-native]: runs the named steps, or all. It tries again to prepare
// native TensorFlow if an earlier set-up could not. With --require-native it fails if that is still not
// possible.
// npm run set-up:gpu [-- --without-cuda]: the same with TensorFlow for NVIDIA GPUs. --without-cuda leaves out
// the CUDA libraries, for a system that has them. See docs/gpu.md.
import { parseArgs } from 'node:util';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

await runScript(async () => {
  checkNodeVersion();
  const { setUp } = await import('./set-up/index.mjs');
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'require-native': { type: 'boolean' },
      gpu: { type: 'boolean' },
      'without-cuda': { type: 'boolean' },
    },
  });
  await setUp({
    only: positionals,
    requireNative: values['require-native'],
    gpu: values.gpu,
    cuda: !values['without-cuda'],
    retryEngine: true,
  });
});
