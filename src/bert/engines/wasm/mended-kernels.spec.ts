import {
  clone,
  gather,
  memory,
  tensor,
  tensor1d,
  tensor2d,
  tensor3d,
  tidy,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { sumOfRows } from '../../kernels/linear.js';
import { startWasm } from './index.js';

beforeAll(() => startWasm());

const table = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
const indices = [2, 0, 2];

it('gather takes rows, of a table and along other axes', () => {
  tidy(() => {
    const rows = tensor1d(indices, 'int32');
    expect(gather(tensor2d(table), rows).arraySync()).toEqual([[5, 6], [1, 2], [5, 6]]); // prettier-ignore
    expect(gather(tensor2d(table), tensor1d([1], 'int32'), 1).arraySync()).toEqual([[2], [4], [6]]);
    expect(gather(tensor1d([7, 8, 9]), rows).arraySync()).toEqual([9, 7, 9]);
    expect(gather(tensor3d([table]), rows, 1).arraySync()).toEqual([[[5, 6], [1, 2], [5, 6]]]); // prettier-ignore
  });
});

it('unsortedSegmentSum puts rows back, summed', () => {
  tidy(() => {
    const sums = unsortedSegmentSum(tensor2d(table), tensor1d(indices, 'int32'), 4);
    expect(sums.arraySync()).toEqual([[3, 4], [0, 0], [6, 8], [0, 0]]); // prettier-ignore
  });
});

it('a clone shares what it is a clone of, and outlives it', () => {
  const before = memory();
  const original = tensor([1, 2, 3]);
  const copy = clone(original);
  expect(memory().numDataBuffers - before.numDataBuffers).toBe(1);
  original.dispose();
  expect(Array.from(copy.dataSync())).toEqual([1, 2, 3]);
  copy.dispose();
  expect(memory().numDataBuffers).toBe(before.numDataBuffers);
  expect(memory().numTensors).toBe(before.numTensors);
});

it.each([1, 4, 7])('sumOfRows sums %i rows', (rows) => {
  tidy(() => {
    const x = Array.from({ length: rows }, (_, i) => [i, 1, -i]);
    const sum = (rows * (rows - 1)) / 2;
    expect(sumOfRows(tensor2d(x)).arraySync()).toEqual([sum, rows, 0 - sum]);
  });
});
