import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bringWheel } from './python-wheel.mjs';
import { findPip, nodeGyp, works } from './toolchain.mjs';

/** TensorFlow for CPUs. */
export const tensorflowCpu = {
  requirement: 'tensorflow-cpu==2.15.1',
  platform: 'manylinux2014_x86_64',
  sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  bytes: 207_208_420,
};

/** TensorFlow for NVIDIA GPUs: built with CUDA 12.5 and cuDNN 9 for compute capability 6.0 to 9.0 (its `build_info.py` says so). */
export const tensorflowGpu = {
  requirement: 'tensorflow==2.21.0',
  platform: 'manylinux_2_27_x86_64',
  sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  bytes: 572_440_367,
};

/**
 * Takes TensorFlow's C library from its Python wheel, and compiles the addon, whose source is in the npm
 * package, against it.
 * @param {import('./python-wheel.mjs').Wheel} wheel
 */
export function wheelOfTensorFlow(wheel) {
  const [name] = wheel.requirement.split('==');
  return {
    name: `the ${name} wheel`,
    async bring(folder, workFolder) {
      await checkToolsForWheel();
      const deps = join(folder, 'deps');
      await bringWheel(wheel, placeOfMember, deps, workFolder);
      // The addon's build file gives these names to the linker.
      symlinkSync('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'));
      symlinkSync('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'));
      await compile(folder);
    },
  };
}

/** Throws an error that says what is missing if a wheel of TensorFlow cannot be used. */
export async function checkToolsForWheel() {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('it is for Linux x64 only');
  if (!usesGlibc()) throw new Error('TensorFlow needs a Linux with glibc (Alpine has another C library)');
  if (!(await findPip())) throw new Error('pip was not found: install Python 3 with pip');
  const compiler = process.env.CXX ?? 'g++';
  for (const tool of [compiler, 'make']) {
    if (!(await works(tool, ['--version'])))
      throw new Error(`${tool} was not found: install a C++ compiler and make`);
  }
}

/** Returns where a member of the wheel goes under `deps/`; undefined if it is not needed. */
export function placeOfMember(name) {
  const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/.exec(name);
  if (library) return `lib/${library[1]}`;
  const header =
    /^tensorflow\/(include\/(?:tensorflow\/c|tensorflow\/core\/platform|tsl|xla\/tsl\/c)\/(?:[\w-]+\/)*[\w.-]+\.h)$/.exec(
      name,
    );
  return header?.[1];
}

async function compile(folder) {
  const napi = 8;
  const settings = [
    '--module_name=tfjs_binding',
    `--module_path=${join(folder, 'lib', `napi-v${napi}`)}`,
    `--napi_version=${napi}`,
    `--napi_build_version=${napi}`,
  ];
  await nodeGyp(['rebuild', ...settings], { cwd: folder, label: 'compiling the TensorFlow addon' });
}

function usesGlibc() {
  process.report.excludeNetwork = true;
  return Boolean(process.report.getReport().header.glibcVersionRuntime);
}
