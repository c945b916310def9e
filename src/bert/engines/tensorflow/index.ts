import { engine as tfjs, setBackend } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import util from 'node:util';
import { registerFusedKernels } from '../../kernels/index.js';
import type { Engine } from '../engine.js';
import { ResourceParameterStore } from './resource-parameter-store.js';

/**
 * Loads native TensorFlow into this thread.
 * @param packageName the npm package whose addon is prepared: `@tensorflow/tfjs-node` or its GPU twin
 */
export async function startTensorFlow(packageName: string): Promise<Engine> {
  // oneDNN's kernels are left off on AVX2 by default; they make matrix products there about a third faster.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Else TensorFlow takes the whole of a GPU's memory, which the serving side may need too.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  restoreRemovedUtilities();

  const require = createRequire(import.meta.url);
  const { version } = require(packageName) as { version: Record<string, string> };
  if (!(await setBackend('tensorflow'))) throw new Error('Native TensorFlow could not be started.');
  const backend = tfjs().backend as unknown as { isUsingGpuDevice: boolean };
  registerFusedKernels('tensorflow');
  const device = backend.isUsingGpuDevice ? 'a GPU' : 'the CPU';
  return {
    name: 'tensorflow',
    description: `TensorFlow on ${device} (${packageName} ${version['tfjs-node'] ?? version['tfjs-core']})`,
    createParameterStore: (parameters) => new ResourceParameterStore(parameters),
  };
}

/** tfjs-node 4.22 calls two functions of `util` that Node 23 removed. */
function restoreRemovedUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  utilities.isArray ??= Array.isArray;
}
