import { setBackend } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EngineUnavailableError } from '../../errors.js';
import { registerFusedKernels } from '../../kernels/index.js';
import type { Engine } from '../engine.js';
import { HeapParameterStore } from './heap-parameter-store.js';
import { mendWasmKernels } from './mended-kernels.js';

/** Loads TF.js's WebAssembly backend into this thread. */
export async function startWasm(): Promise<Engine> {
  const require = createRequire(import.meta.url);
  // The union package registers the gradients of TF.js's own operations: tfjs-core's CommonJS build does not.
  require('@tensorflow/tfjs');
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + path.sep);
  if (!(await setBackend('wasm'))) {
    throw new EngineUnavailableError(
      'The WebAssembly backend of TF.js could not be started. Install the dependencies anew: npm run set-up.',
    );
  }
  mendWasmKernels();
  registerFusedKernels('wasm');
  return {
    name: 'wasm',
    description: `WebAssembly (@tensorflow/tfjs-backend-wasm ${wasm.version_wasm})`,
    createParameterStore: (parameters) => new HeapParameterStore(parameters),
  };
}
