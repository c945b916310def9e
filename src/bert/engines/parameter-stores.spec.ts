import { memory, scalar, tensor1d } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { startEngine } from './start.js';

/** Three steps of `torch.optim.AdamW` with a learning rate for each parameter: see test/goldens/README.md. */
const { adamW: golden } = JSON.parse(
  readFileSync(new URL('../../../test/goldens/options.json', import.meta.url), 'utf8'),
) as {
  adamW: {
    learningRate: number;
    weightDecay: number;
    scales: Record<string, number>;
    initial: Record<string, number[]>;
    gradients: Record<string, number[]>[];
    trained: Record<string, number[]>;
  };
};

describe.each(engines)('the parameter store of %s', (name) => {
  it("scales a parameter's learning rate and its decay alike, as PyTorch's parameter groups do", async () => {
    const engine = await startEngine(name);
    const before = memory().numTensors;
    const held = engine.memory();
    const { initial, gradients, scales, learningRate, weightDecay, trained } = golden;
    const store = engine.createParameterStore(
      Object.entries(initial).map(([parameter, values]) => ({
        name: parameter,
        shape: [values.length],
        data: Float32Array.from(values),
      })),
    );
    const elements = Object.values(initial).reduce((sum, { length }) => sum + length, 0);
    const { tensors, bytes, reservedBytes } = engine.memory();
    expect(tensors).toBe(memory().numTensors);
    // A value and two moments in float32; TF.js counts a handle of TensorFlow as some bytes more.
    expect(bytes - held.bytes).toBeGreaterThanOrEqual(12 * elements);
    expect(bytes - held.bytes).toBeLessThan(12 * elements + 100 * Object.keys(initial).length);
    if (name === 'wasm') expect(reservedBytes).toBeGreaterThan(bytes);
    else expect(reservedBytes).toBeNull();
    const gradientScale = scalar(1);
    gradients.forEach((gradient, index) => {
      store.update(
        new Map(Object.entries(gradient).map(([parameter, values]) => [parameter, tensor1d(values)])),
        {
          step: index + 1,
          learningRate,
          learningRateScale: (parameter) => scales[parameter]!,
          weightDecay,
          gradientScale,
        },
      );
    });
    for (const parameter of store.names) {
      const { data } = store.export(parameter);
      trained[parameter]!.forEach((value, i) =>
        expect(Math.abs(data[i]! - value), `${parameter}[${i}]`).toBeLessThan(1e-6),
      );
    }
    gradientScale.dispose();
    store.dispose();
    expect(memory().numTensors).toBe(before);
    expect(engine.memory()).toEqual({ ...held, reservedBytes: engine.memory().reservedBytes });
  });
});
