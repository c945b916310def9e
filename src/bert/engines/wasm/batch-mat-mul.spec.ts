import { matMul, memory, ones, randomNormal, reshape, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { heapView } from '../../kernels/wasm-heap.js';
import { startWasm } from './index.js';

beforeAll(() => startWasm());

const transpositions = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

describe.each([
  ['of single matrices', [], 13, 21, 17],
  ['of many small ones', [3, 2], 5, 7, 6],
  ['of many large ones', [2, 3], 33, 41, 37],
  ['of a batch of one', [1, 1], 9, 8, 16],
])('a matrix product %s', (_what, batch, rows, inner, columns) => {
  it.each(transpositions)('is right, transposed: %s and %s', (transposeA, transposeB) => {
    const before = memory().numTensors;
    tidy(() => {
      const a = randomNormal([...batch, ...(transposeA ? [inner, rows] : [rows, inner])]);
      const b = randomNormal([...batch, ...(transposeB ? [columns, inner] : [inner, columns])]);
      const product = matMul(a, b, transposeA, transposeB);
      expect(product.shape).toEqual([...batch, rows, columns]);
      const expected = productOf(a, b, transposeA, transposeB);
      product.dataSync().forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4));
    });
    expect(memory().numTensors).toBe(before);
  });
});

it('a batch is multiplied with a single matrix', () => {
  tidy(() => {
    const [a, b] = [randomNormal([4, 2, 3]), randomNormal([3, 5])];
    const expected = matMul(reshape(a, [8, 3]), b).dataSync();
    matMul(a, reshape(b, [1, 3, 5]))
      .dataSync()
      .forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5));
  });
});

it('a product sees what became of a matrix that was updated in place', () => {
  tidy(() => {
    const [a, b] = [ones([2, 3]), ones([3, 2])];
    expect(Array.from(matMul(a, b).dataSync())).toEqual([3, 3, 3, 3]);
    heapView(b).fill(5);
    expect(Array.from(matMul(a, b).dataSync())).toEqual([15, 15, 15, 15]);
  });
});

/** By the definition. */
function productOf(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): number[] {
  const [left, right] = [a.dataSync(), b.dataSync()];
  const [rows, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const columns = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const values: number[] = [];
  for (let batch = 0; batch < a.size / (rows * inner); batch++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const atLeft = transposeA ? k * rows + i : i * inner + k;
          const atRight = transposeB ? j * inner + k : k * columns + j;
          sum += left[batch * rows * inner + atLeft]! * right[batch * inner * columns + atRight]!;
        }
        values.push(sum);
      }
    }
  }
  return values;
}
