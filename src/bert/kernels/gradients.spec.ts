import {
  tensor1d,
  tensor2d,
  tensor4d,
  tidy,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { expectGradient, randomTensor, type PlainTensor } from '../../../test/support/gradients.js';
import { startEngine } from '../engines/start.js';
import { multiHeadAttention } from './attention.js';
import { crossEntropy } from './cross-entropy.js';
import { NO_DROPOUT } from './dropout.js';
import { embeddingLookup } from './embedding-lookup.js';
import { gelu } from './gelu.js';
import { layerNorm, residualLayerNorm } from './layer-norm.js';
import { linear } from './linear.js';
import { halfSumOfSquares } from './half-sum-of-squares.js';
import { symmetricDivergence } from './symmetric-divergence.js';

interface Case {
  kernel: string;
  /** The inputs that have a gradient, as plain numbers with a shape. */
  inputs: PlainTensor[];
  run: (...inputs: Tensor[]) => Tensor;
}

const matrix = randomTensor;
const vector = randomTensor;

const cases: Case[] = [
  {
    kernel: 'linear',
    inputs: [matrix(3, 4), matrix(5, 4), vector(5)],
    run: (x, weight, bias) => linear(x as Tensor2D, weight as Tensor2D, bias as Tensor1D),
  },
  {
    kernel: 'layerNorm',
    inputs: [matrix(3, 6), vector(6), vector(6)],
    run: (x, gamma, beta) => layerNorm(x as Tensor2D, gamma as Tensor1D, beta as Tensor1D, 1e-5),
  },
  ...[NO_DROPOUT, { rate: 0.3, seed: [1, 2] as const }].flatMap((dropout) => [
    {
      kernel: `residualLayerNorm, dropout ${dropout.rate}`,
      inputs: [matrix(3, 6), matrix(3, 6), vector(6), vector(6)],
      run: (x: Tensor, residual: Tensor, gamma: Tensor, beta: Tensor) =>
        residualLayerNorm(
          x as Tensor2D,
          residual as Tensor2D,
          gamma as Tensor1D,
          beta as Tensor1D,
          1e-5,
          dropout,
        ),
    },
    {
      kernel: `multiHeadAttention, dropout ${dropout.rate}`,
      // Two sentences of three tokens and two heads of two numbers; the last layer asks for their first tokens alone.
      inputs: [matrix(2, 4), matrix(6, 4), matrix(6, 4)],
      run: (query: Tensor, key: Tensor, value: Tensor) =>
        multiHeadAttention(
          query as Tensor2D,
          key as Tensor2D,
          value as Tensor2D,
          tensor4d([0, 0, 0, 0, 0, -1e30], [2, 1, 1, 3]),
          { size: 2, heads: 2 },
          dropout,
        ),
    },
  ]),
  { kernel: 'gelu', inputs: [matrix(3, 5)], run: (x) => gelu(x as Tensor2D) },
  {
    kernel: 'crossEntropy',
    inputs: [matrix(4, 3)],
    run: (logits) => crossEntropy(logits as Tensor2D, tensor1d([2, 0, 1, 1], 'int32')),
  },
  {
    kernel: 'crossEntropy, smoothed and weighted',
    inputs: [matrix(4, 3)],
    run: (logits) =>
      crossEntropy(logits as Tensor2D, tensor1d([2, 0, 1, 1], 'int32'), {
        labelSmoothing: 0.2,
        classWeights: [0.5, 2, 1],
      }),
  },
  {
    kernel: 'symmetricDivergence',
    inputs: [matrix(6, 3)],
    run: (logits) => symmetricDivergence(logits as Tensor2D, 0.3),
  },
  {
    kernel: 'embeddingLookup',
    inputs: [matrix(5, 3)],
    run: (table) => embeddingLookup(table as Tensor2D, tensor1d([4, 1, 1, 0], 'int32')),
  },
];

describe.each(engines)('fused operations on %s', (name) => {
  beforeAll(() => startEngine(name));

  it.each(cases)('$kernel has the gradient that finite differences give', ({ inputs, run }) => {
    expectGradient(inputs, run);
  });

  it('linear is x · weightᵀ + bias', () => {
    tidy(() => {
      const y = linear(tensor2d([[1, 2]]), tensor2d([[3, 4], [5, 6], [7, 8]]), tensor1d([0.5, 0, -1])); // prettier-ignore
      expect(Array.from(y.dataSync())).toEqual([11.5, 17, 22]);
    });
  });

  it('gelu is the exact form, not the tanh approximation', () => {
    // x · Φ(x) at -2, -0.5, 1, 3; the approximation is off by 1e-4 and more at these.
    const golden = [-0.0455002639, -0.1542687694, 0.8413447461, 2.9959503059];
    tidy(() => {
      const y = gelu(tensor2d([[-2, -0.5, 1, 3]])).dataSync();
      golden.forEach((value, i) => expect(Math.abs(y[i]! - value)).toBeLessThan(1e-6));
    });
  });

  it('halfSumOfSquares sums squares', () => {
    expect(tidy(() => halfSumOfSquares(tensor2d([[1, -2], [3, 4]])).dataSync()[0])).toBe(15); // prettier-ignore
  });
});
