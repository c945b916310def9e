import { engine as tfjs, memory, setBackend } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import util from 'node:util';
import { EngineUnavailableError } from '../../errors.js';
import { registerKernels } from '../../kernels/index.js';
import type { Engine } from '../engine.js';
import { seesNvidiaGpu } from '../detect.js';
import { tensorFlowEnvironment } from './environment.js';
import { ResourceParameterStore, resourceBytes } from './resource-parameter-store.js';
import { reuseSmallTensors, type TensorBinding } from './small-tensors.js';

/**
 * Loads native TensorFlow into this thread.
 * @param packageName the npm package whose addon is prepared: `@tensorflow/tfjs-node` or its GPU twin
 * @throws EngineUnavailableError if its libraries cannot be loaded after all
 */
export async function startTensorFlow(packageName: string): Promise<Engine> {
  for (const [name, value] of Object.entries(tensorFlowEnvironment)) process.env[name] ??= value;
  restoreRemovedUtilities();

  const version = await load(packageName);
  const backend = tfjs().backend as unknown as NativeBackend;
  backend.binding = reuseSmallTensors(backend.binding);
  const { binding, isUsingGpuDevice } = backend;
  registerKernels('tensorflow');
  const carrier = `${packageName} ${version['tfjs-node'] ?? version['tfjs-core']}`;
  return {
    name: 'tensorflow',
    description: `TensorFlow ${binding.TF_Version} on ${deviceName(packageName, isUsingGpuDevice)} (${carrier})`,
    createParameterStore: (parameters) => new ResourceParameterStore(parameters),
    memory: () => {
      const { numTensors, numBytes } = memory();
      return { tensors: numTensors, bytes: numBytes + resourceBytes(), reservedBytes: null };
    },
  };
}

interface NativeBackend {
  isUsingGpuDevice: boolean;
  binding: TensorBinding & { TF_Version: string };
}

function deviceName(packageName: string, isUsingGpu: boolean): string {
  if (isUsingGpu) return 'an NVIDIA GPU';
  const passesOver = packageName.endsWith('-gpu') && seesNvidiaGpu();
  return passesOver
    ? 'the CPU, although this machine has an NVIDIA GPU (docs/gpu.md says how to find out why)'
    : 'the CPU';
}

async function load(packageName: string): Promise<Record<string, string>> {
  try {
    const require = createRequire(import.meta.url);
    const { version } = require(packageName) as { version: Record<string, string> };
    if (!(await setBackend('tensorflow'))) throw new Error('its backend did not start');
    return version;
  } catch (error) {
    throw new EngineUnavailableError(
      'native-engine-not-started',
      packageName,
      `Native TensorFlow (${packageName}) could not be started: ${(error as Error).message}.`,
    );
  }
}

/** tfjs-node 4.22 calls two functions of `util` that Node 23 removed. */
function restoreRemovedUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  utilities.isArray ??= Array.isArray;
}
