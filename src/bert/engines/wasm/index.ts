import { memory, setBackend, backend } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { EngineUnavailableError } from '../../errors.js';
import { registerKernels } from '../../kernels/index.js';
import { heapBytes } from '../../kernels/wasm-heap.js';
import type { Engine } from '../engine.js';
import { HeapParameterStore, momentBytes } from './heap-parameter-store.js';
import { mendWasmKernels } from './mended-kernels.js';
import { startThreaded } from './threads.js';

/**
 * Loads TF.js's WebAssembly backend into this thread.
 * @param threads how many to compute with, this one counted. What the first call in a thread asked for holds for the later ones.
 */
export async function startWasm(threads = usualThreads()): Promise<Engine> {
  const require = createRequire(import.meta.url);
  // The union package registers the gradients of TF.js's own operations: tfjs-core's CommonJS build does not.
  require('@tensorflow/tfjs');
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + path.sep);
  prepared ??= prepare(threads);
  await prepared;
  await setBackend('wasm');
  const count = wasm.getThreadsCount();
  return {
    name: 'wasm',
    description: `WebAssembly in ${count} ${count === 1 ? 'thread' : 'threads'} (@tensorflow/tfjs-backend-wasm ${wasm.version_wasm})`,
    createParameterStore: (parameters) => new HeapParameterStore(parameters),
    memory: () => {
      const { numTensors, numBytes } = memory();
      return { tensors: numTensors, bytes: numBytes + momentBytes(), reservedBytes: heapBytes() };
    },
  };
}

/** One a processor, unless the variable says otherwise that numerical libraries go by: PyTorch and oneDNN do. */
function usualThreads(): number {
  return Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10) || availableParallelism();
}

let prepared: Promise<void> | undefined;

async function prepare(threads: number): Promise<void> {
  const isThreaded = threads > 1 && (await startThreaded(threads));
  if (!isThreaded && !(await setBackend('wasm'))) {
    throw new EngineUnavailableError(
      'wasm-engine-not-started',
      '@tensorflow/tfjs-backend-wasm',
      'The WebAssembly backend of TF.js could not be started.',
    );
  }
  guardHeapEnd();
  mendWasmKernels();
  registerKernels('wasm');
}

/** Makes the end of WebAssembly memory an error. The backend (4.22) would write to address 0 what it got no memory for, and train on nonsense. */
function guardHeapEnd(): void {
  const { wasm } = backend() as unknown as {
    wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  // The first call puts the function that it finds in its own place, so it must have been before.
  wasm._free(wasm._malloc(8));
  const malloc = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = malloc(bytes);
    if (address === 0) throw new Error('The WebAssembly engine is out of memory: it ends at 4 GiB.');
    return address;
  };
}
