import { grads, memory, mul, sum, tensor, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { statelessPhilox } from '../../src/bert/random.js';

/** A tensor as plain numbers in row-major order. */
export interface PlainTensor {
  shape: number[];
  values: number[];
}

const random = statelessPhilox(1, 1);

/** A tensor of normally distributed random numbers. */
export function randomTensor(...shape: number[]): PlainTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, values: Array.from({ length: size }, () => random.nextNormal()) };
}

export function toTensor({ shape, values }: PlainTensor): Tensor {
  return tensor(values, shape);
}

/**
 * Checks the gradient of an operation against finite differences, and that it leaves no tensors behind.
 * @param inputs with a gradient. Keep them away from kinks: each value is moved by 0.01.
 */
export function expectGradient(inputs: PlainTensor[], run: (...inputs: Tensor[]) => Tensor): void {
  const before = memory().numTensors;
  tidy(() => {
    const tensors = inputs.map(toTensor);
    // Weight the outputs randomly, so that errors do not cancel out in the sum.
    const weights = toTensor(randomTensor(...run(...tensors).shape));
    const objective = (...at: Tensor[]) => sum(mul(run(...at), weights)) as Tensor;
    const analytic = grads(objective)(tensors);

    inputs.forEach((input, which) => {
      const got = analytic[which]!.dataSync();
      input.values.forEach((_, i) => {
        const difference = (step: number) => {
          const moved = inputs.map((other, k) =>
            k === which ? { ...other, values: other.values.map((v, j) => (j === i ? v + step : v)) } : other,
          );
          return objective(...moved.map(toTensor)).dataSync()[0]!;
        };
        const numeric = (difference(1e-2) - difference(-1e-2)) / 2e-2;
        expect(Math.abs(got[i]! - numeric), `input ${which}, element ${i}`).toBeLessThan(5e-3);
      });
    });
  });
  expect(memory().numTensors).toBe(before);
}
