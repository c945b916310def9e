import { grad, memory, mul, ones, sum, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { engines, nativeEngine } from '../../../test/support/engines.js';
import { startEngine } from '../engines/start.js';
import { dropout } from './dropout.js';

const mask = (rate: number, seed: [number, number], shape = [37, 29]) =>
  Array.from(tidy(() => dropout(ones(shape), { rate, seed }).dataSync()));

describe.each(engines)('dropout on %s', (name) => {
  beforeAll(() => startEngine(name));

  it('zeroes the given share and keeps the mean and variance that inverted dropout has', () => {
    const rate = 0.1;
    const values = mask(rate, [42, 1024], [200, 500]);
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.005);
    expect(Math.abs(variance - rate / (1 - rate))).toBeLessThan(0.005);
  });

  it('depends on its seed alone', () => {
    expect(mask(0.3, [1, 2])).toEqual(mask(0.3, [1, 2]));
    expect(mask(0.3, [1, 2])).not.toEqual(mask(0.3, [1, 3]));
    expect(mask(0.3, [1, 2])).not.toEqual(mask(0.3, [2, 2]));
  });

  it('lets gradients through where it lets values through, and leaves no tensor behind', () => {
    const before = memory().numTensors;
    tidy(() => {
      const gradient = grad((x: Tensor) => sum(mul(dropout(x, { rate: 0.5, seed: [5, 6] }), 3)))(
        ones([8, 8]),
      );
      const expected = mask(0.5, [5, 6], [8, 8]).map((value) => value * 3);
      expect(Array.from(gradient.dataSync())).toEqual(expected);
    });
    expect(memory().numTensors).toBe(before);
  });
});

describe.runIf(nativeEngine)('dropout masks', () => {
  it.each([0.1, 0.25, 0.5])('are the same on both engines at rate %d', async (rate) => {
    await startEngine(nativeEngine!);
    const masks = [[42, 1024] as const, [0, 7] as const, [2147483647, 123456789] as const];
    const onTensorFlow = masks.map((seed) => mask(rate, [...seed]));
    await startEngine('wasm');
    expect(masks.map((seed) => mask(rate, [...seed]))).toEqual(onTensorFlow);
  });
});
