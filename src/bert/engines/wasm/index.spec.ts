import { memory, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { heapTensor, heapView } from '../../kernels/wasm-heap.js';
import { startWasm } from './index.js';

it('memory that is not there any more is an error, and what is there stays good', async () => {
  await startWasm();
  const before = memory().numTensors;
  const first = heapTensor([3]);
  heapView(first).set([1, 2, 3]);
  const held: Tensor[] = [first];
  expect(() => {
    for (;;) held.push(heapTensor([2 ** 25]));
  }).toThrow('out of memory');
  expect(held.length).toBeGreaterThan(20);
  const small = heapTensor([3]);
  heapView(small).set([4, 5, 6]);
  expect([...first.dataSync(), ...small.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
  for (const tensor of [...held, small]) tensor.dispose();
  expect(memory().numTensors).toBe(before);
});
