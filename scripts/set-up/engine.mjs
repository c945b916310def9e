import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bringCuda, cudaFolder } from './cuda.mjs';
import { seesNvidiaGpu } from './nvidia-gpu.mjs';
import { engineFolder, stampFolder } from './places.mjs';
import { hasStamp, removeStamp, writeStamp } from './stamp.mjs';
import { cpuBuild, gpuBuild } from './tensorflow-build.mjs';
import { checkToolsForWheel } from './tensorflow-wheel.mjs';

const wasmStamp = join(stampFolder, 'engine.json');
const failureLog = join(engineFolder, 'last-failure.log');

const advice =
  'On Linux x64, native TensorFlow needs pip (Python 3), a C++ compiler and make: ' +
  'install what the lines above miss, then `npm run set-up`. The whole output is in .engine/last-failure.log.';

/**
 * Prepares native TensorFlow. It uses an earlier one, for GPUs or not. Otherwise it takes TensorFlow's Python
 * wheel, or else the install script of `@tensorflow/tfjs-node`, if that is allowed. If none works, the wasm
 * engine trains. The gigabytes for GPUs are only downloaded on request.
 */
export const engine = {
  name: 'engine',
  async run({ gpu = false, cuda = true, retryEngine = false, requireNative = false }) {
    const asked = process.env.WELLFORMED_ENGINE;
    if (asked === 'wasm') {
      if (gpu || requireNative)
        throw new Error('WELLFORMED_ENGINE=wasm rules out the native engine: unset it.');
      return 'native TensorFlow not prepared, because WELLFORMED_ENGINE=wasm';
    }
    if (gpu) return prepareForGpu(cuda);
    const builds = asked === 'tensorflow-cpu' ? [cpuBuild] : [gpuBuild, cpuBuild];
    const result = await prepare(builds, { retryEngine, requireNative });
    if (seesNvidiaGpu() && !gpuBuild.isReady) {
      console.log('      This machine has an NVIDIA GPU: `npm run set-up:gpu` prepares TensorFlow for it.');
    }
    return result;
  },
};

/** @param {boolean} withCuda whether to download the CUDA libraries too */
async function prepareForGpu(withCuda) {
  const result = await prepareGpuBuild(withCuda ? cudaFolder : null);
  if (!seesNvidiaGpu()) return `${result}; no GPU is to be seen here, so it computes on the CPU`;
  try {
    await gpuBuild.mustUseGpu();
  } catch (error) {
    throw new Error(`TensorFlow is prepared, but does not use the GPU; see docs/gpu.md. ${error.message}`, {
      cause: error,
    });
  }
  return `${result}; it computes on the GPU`;
}

async function prepareGpuBuild(cuda) {
  if (gpuBuild.isReady && gpuBuild.cuda === (cuda && basename(cuda)))
    return `already done: ${gpuBuild.title}`;
  try {
    if (!gpuBuild.isThere) await checkToolsForWheel();
    if (cuda) await bringCuda();
  } catch (error) {
    throw new Error(`TensorFlow for GPUs cannot be prepared: ${error.message}`, { cause: error });
  }
  const failures = [];
  const earlier = 'the one prepared earlier';
  if (gpuBuild.isThere && (await attempt(earlier, failures, () => gpuBuild.takeEarlier(cuda)))) {
    return `${gpuBuild.title}, prepared earlier`;
  }
  for (const source of gpuBuild.sources) {
    if (await attempt(source.name, failures, () => gpuBuild.make(source, cuda))) {
      return `${gpuBuild.title}, from ${source.name}`;
    }
  }
  gpuBuild.unlink();
  writeFailures(failures);
  throw new Error(
    'TensorFlow for GPUs could not be prepared. The whole output is in .engine/last-failure.log.',
  );
}

async function prepare(builds, { retryEngine, requireNative }) {
  const ready = builds.filter((build) => build.isReady);
  if (ready.length) return `already done: ${titles(ready)}`;
  const wasm = { engine: 'wasm', version: cpuBuild.version };
  if (hasStamp(wasmStamp, wasm) && !retryEngine && !requireNative) {
    return 'wasm, as found earlier (`npm run set-up` tries again to prepare native TensorFlow)';
  }
  removeStamp(wasmStamp);

  const failures = [];
  const taken = [];
  for (const build of builds.filter(({ isThere }) => isThere)) {
    if (await attempt(`${build.title} prepared earlier`, failures, () => build.takeEarlier())) {
      taken.push(build);
    }
  }
  if (taken.length) return `${titles(taken)}, prepared earlier`;
  for (const source of cpuBuild.sources) {
    if (await attempt(source.name, failures, () => cpuBuild.make(source))) {
      return `${cpuBuild.title}, from ${source.name}`;
    }
  }
  for (const build of builds) build.unlink();
  writeFailures(failures);
  if (requireNative) throw new Error(`Native TensorFlow is required and could not be prepared. ${advice}`);
  writeStamp(wasmStamp, wasm);
  console.log(`      The wasm engine will train: it is slower and holds small models only. ${advice}`);
  return 'wasm';
}

const titles = (builds) => builds.map(({ title }) => title).join(' and ');

async function attempt(name, failures, work) {
  try {
    await work();
    return true;
  } catch (error) {
    failures.push({ name, error });
    console.log(`      Not from ${name}: ${firstLineOf(error)}`);
    return false;
  }
}

function writeFailures(failures) {
  mkdirSync(engineFolder, { recursive: true });
  writeFileSync(failureLog, failures.map(({ name, error }) => `${name}: ${error.message}\n`).join('\n'));
}

/** If an error quotes a program's output, returns the first line that names an error; otherwise the first line. */
function firstLineOf(error) {
  const [first = '', ...rest] = error.message.split('\n');
  const telling = rest.find((line) => /\b(\w*Error|error|ERROR): /.test(line));
  return telling ? `${first} ${telling.replace(/^[\s|]+/, '')}` : first.replace(/; it said:$/, '');
}
