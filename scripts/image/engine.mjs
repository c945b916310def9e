// node scripts/image/engine.mjs cpu|gpu FOLDER: prepares TensorFlow and copies its libraries and addon to
// FOLDER, under the paths that they have in the service's folder: node_modules/@tensorflow/…/{deps,lib}. In
// an image they form a separate layer, which seldom changes.
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bringCuda, cudaFolder } from '../set-up/cuda.mjs';
import { root } from '../set-up/places.mjs';
import { runScript } from '../set-up/script.mjs';
import { cpuBuild, gpuBuild } from '../set-up/tensorflow-build.mjs';
import { tensorflowCpu, tensorflowGpu, wheelOfTensorFlow } from '../set-up/tensorflow-wheel.mjs';
import { readVariant } from './variants.mjs';

/**
 * Never use the package's own install, which is not pinned: an image must contain the same TensorFlow
 * wherever it is built.
 */
const engines = {
  cpu: { build: cpuBuild, wheel: tensorflowCpu, cuda: null },
  gpu: { build: gpuBuild, wheel: tensorflowGpu, cuda: cudaFolder },
};

await runScript(async () => {
  const { variant, folder } = readVariant(process.argv.slice(2), 'engine.mjs');
  const { build, wheel, cuda } = engines[variant];
  if (cuda) await bringCuda();
  if (existsSync(build.prepared)) await build.takeEarlier(cuda ?? undefined);
  else await build.make(wheelOfTensorFlow(wheel), cuda);

  const target = join(folder, relative(root, build.folder));
  for (const part of ['deps', 'lib']) copy(join(build.prepared, part), join(target, part));
  if (cuda) copy(cuda, join(target, 'deps', 'nvidia'));
  console.log(`${build.title} is in ${target}.`);
});

/** Keeps links inside the copied folder: the libraries take hundreds of megabytes, and some have two names. */
function copy(source, destination) {
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(dirname(destination), { recursive: true });
  cpSync(source, destination, { recursive: true, verbatimSymlinks: true });
}
