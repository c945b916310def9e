import { memory } from '@tensorflow/tfjs-core';
import { parentPort, workerData } from 'node:worker_threads';
import { parseEncoderConfig } from '../../src/bert/config.js';
import { startWasm } from '../../src/bert/engines/wasm/index.js';
import { clippingScale, globalNorm, lossAndGradients } from '../../src/bert/fine-tuning/gradients.js';
import { disposeBatch, makeBatch } from '../../src/bert/network/batch.js';
import { DropoutPlaces } from '../../src/bert/network/dropout-places.js';
import { statelessPhilox } from '../../src/bert/random.js';
import { parameterShapes } from '../../src/bert/weights/parameter-shapes.js';

/** Input of the thread. */
export interface WasmTraining {
  threads: number;
  steps: number;
  /** Whether to hide shared memory, which threads need. */
  withoutSharedMemory?: boolean;
}

/** Report about a step. */
export interface WasmStep {
  description: string;
  loss: number;
  tensors: number;
}

/**
 * Entry point of a thread that trains a small BERT with fixed random weights on the WebAssembly engine. It
 * reports each step.
 */
const { threads, steps, withoutSharedMemory } = workerData as WasmTraining;
if (withoutSharedMemory) Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');

const random = statelessPhilox(1, 2);
const config = parseEncoderConfig({
  model_type: 'bert',
  vocab_size: 100,
  hidden_size: 128,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 512,
});
const parameters = [...parameterShapes(config)].map(([name, shape]) => {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  return { name, shape, data: data.map(() => (random.nextFloat() - 0.5) * 0.1) };
});
const rows = Array.from({ length: 16 }, () => Array.from({ length: 32 }, () => random.nextInteger(100)));

const engine = await startWasm(threads);
const store = engine.createParameterStore(parameters);
for (let step = 1; step <= steps; step++) {
  const snapshot = store.read();
  const batch = makeBatch(
    rows,
    rows.map((_, i) => i % 2),
    config.padTokenId,
  );
  const { loss, gradients } = lossAndGradients(config, snapshot, batch, new DropoutPlaces(0.1, 1, step));
  snapshot.release();
  disposeBatch(batch);
  const norm = globalNorm(gradients.values());
  const gradientScale = clippingScale(norm, 1);
  store.update(gradients, { step, learningRate: 1e-3, weightDecay: 0.01, gradientScale });
  const { numTensors } = memory();
  parentPort!.postMessage({
    description: engine.description,
    loss: loss.dataSync()[0]!,
    tensors: numTensors,
  } satisfies WasmStep);
  for (const tensor of [norm, gradientScale, loss]) tensor.dispose();
}
