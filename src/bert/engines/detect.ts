import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EngineUnavailableError } from '../errors.js';
import type { EngineName } from './engine.js';

/** An engine, or one of the two builds of native TensorFlow. */
export type EnginePreference = 'auto' | EngineName | 'tensorflow-cpu' | 'tensorflow-gpu';

export interface EngineChoice {
  name: EngineName;
  /** The npm package that carries the backend. */
  packageName: string;
  /** Why this one: for the log, the health page and the run. */
  reason: string;
  /** The build of native TensorFlow that would be faster here, where it is not prepared. */
  faster?: 'gpu' | 'cpu';
}

/** What `detectEngine` looks at. */
export interface Machine {
  /** Whether a native package has what it lacks when no script ran. */
  isPrepared(packageName: string): boolean;
  seesGpu(): boolean;
}

const PACKAGES = {
  gpu: '@tensorflow/tfjs-node-gpu',
  cpu: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
};

/**
 * Which engine a training would use. Looks at files only, so that any thread may ask.
 * @throws EngineUnavailableError if native TensorFlow is asked for and not prepared
 */
export function detectEngine(preference: EnginePreference, machine: Machine = thisMachine): EngineChoice {
  const wasm = (reason: string): EngineChoice => ({ name: 'wasm', packageName: PACKAGES.wasm, reason });
  if (preference === 'wasm') return wasm('The settings ask for the WebAssembly engine.');
  if (preference === 'tensorflow-gpu' && !machine.isPrepared(PACKAGES.gpu)) {
    throw new EngineUnavailableError(
      'gpu-engine-not-prepared',
      PACKAGES.gpu,
      'The settings ask for TensorFlow for GPUs, and it is not prepared.',
    );
  }
  const native = chooseNative(preference, machine);
  if (native) return { name: 'tensorflow', packageName: PACKAGES[native], ...reasonFor(native, machine) };
  if (preference !== 'auto') {
    throw new EngineUnavailableError(
      'native-engine-not-prepared',
      PACKAGES.cpu,
      'The settings ask for native TensorFlow, and it is not prepared.',
    );
  }
  return {
    ...wasm('Native TensorFlow is not prepared, so small models train on WebAssembly, slowly.'),
    faster: 'cpu',
  };
}

/** The build for GPUs computes on the CPU too: it is taken where there is a GPU, or where there is no other. */
function chooseNative(preference: EnginePreference, machine: Machine): 'gpu' | 'cpu' | undefined {
  if (preference === 'tensorflow-gpu') return 'gpu';
  const cpu = machine.isPrepared(PACKAGES.cpu);
  if (preference === 'tensorflow-cpu') return cpu ? 'cpu' : undefined;
  if (machine.isPrepared(PACKAGES.gpu) && (machine.seesGpu() || !cpu)) return 'gpu';
  return cpu ? 'cpu' : undefined;
}

function reasonFor(native: 'gpu' | 'cpu', machine: Machine): Pick<EngineChoice, 'reason' | 'faster'> {
  const prepared = `Native TensorFlow is prepared in ${PACKAGES[native]}`;
  if (native === 'cpu') {
    const unused = machine.seesGpu() && !machine.isPrepared(PACKAGES.gpu);
    return unused
      ? { reason: `${prepared}. This machine has an NVIDIA GPU, which it does not use.`, faster: 'gpu' }
      : { reason: `${prepared}.` };
  }
  if (machine.seesGpu()) return { reason: `${prepared}, and this machine has an NVIDIA GPU.` };
  return {
    reason: `${prepared}, but it sees no NVIDIA GPU and computes on the CPU (docs/gpu.md says what a GPU needs).`,
  };
}

const thisMachine: Machine = { isPrepared, seesGpu: () => seesNvidiaGpu() };

/** A native package is usable once its addon has been built or downloaded. */
function isPrepared(packageName: string): boolean {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    return existsSync(path.join(path.dirname(manifest), 'lib', 'napi-v8', 'tfjs_binding.node'));
  } catch {
    return false;
  }
}

/**
 * Whether TensorFlow will be shown an NVIDIA GPU by this machine. Looks at files only: on Linux the driver makes a device file per
 * card, and a container has those of the cards it was given; under WSL the driver is a library of Windows. What
 * `CUDA_VISIBLE_DEVICES` hides (it lists devices up to the first number that is none) is not there. Whether the driver is new
 * enough shows only when TensorFlow starts.
 */
export function seesNvidiaGpu(root = '/', env: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== 'linux' || /^\s*(-.*)?$/.test(env.CUDA_VISIBLE_DEVICES ?? '0')) return false;
  const devices = path.join(root, 'dev');
  const names = existsSync(devices) ? readdirSync(devices) : [];
  if (names.some((name) => /^nvidia\d+$/.test(name))) return true;
  return names.includes('dxg') && existsSync(path.join(root, 'usr/lib/wsl/lib/libcuda.so.1'));
}
