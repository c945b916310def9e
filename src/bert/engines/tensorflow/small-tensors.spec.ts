import { describe, expect, it } from 'vitest';
import { reuseSmallTensors, type TensorBinding } from './small-tensors.js';

const FLOAT = 1;
const INT32 = 3;

describe('small tensors', () => {
  it('are handed over once, and kept while nobody uses them', () => {
    const { binding, living } = countingBinding();
    const reusing = reuseSmallTensors(binding);
    const first = reusing.createTensor([], FLOAT, Float32Array.of(0.5));
    reusing.deleteTensor(first);
    expect(reusing.createTensor([], FLOAT, Float32Array.of(0.5))).toBe(first);
    expect(living()).toEqual([first]);
  });

  it('are told apart by type, shape and every bit', () => {
    const { binding } = countingBinding();
    const reusing = reuseSmallTensors(binding);
    const ids = [
      reusing.createTensor([], FLOAT, Float32Array.of(0)),
      reusing.createTensor([], FLOAT, Float32Array.of(-0)),
      reusing.createTensor([1], FLOAT, Float32Array.of(0)),
      reusing.createTensor([], INT32, Int32Array.of(0)),
      reusing.createTensor([2], INT32, Int32Array.of(0, 1)),
      reusing.createTensor([2], INT32, Int32Array.of(1, 0)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are let go of, the longest unused first, where they are too many', () => {
    const { binding, living } = countingBinding();
    const reusing = reuseSmallTensors(binding, 3);
    const scalar = (value: number): number => reusing.createTensor([], FLOAT, Float32Array.of(value));
    const [used, oldest, older] = [scalar(1), scalar(2), scalar(3)];
    reusing.deleteTensor(oldest);
    reusing.deleteTensor(older);
    expect(scalar(2)).toBe(oldest);
    reusing.deleteTensor(oldest);
    const newest = scalar(4);
    expect(living()).toEqual([used, oldest, newest]);
  });

  it('are never let go of while somebody uses them', () => {
    const { binding, living } = countingBinding();
    const reusing = reuseSmallTensors(binding, 2);
    const ids = [1, 2, 3, 4].map((value) => reusing.createTensor([], FLOAT, Float32Array.of(value)));
    expect(living()).toEqual(ids);
    for (const id of ids) reusing.deleteTensor(id);
    reusing.createTensor([], FLOAT, Float32Array.of(5));
    expect(living()).toHaveLength(2);
  });

  it('leave larger tensors as they were: new each time, and gone when they are deleted', () => {
    const { binding, living } = countingBinding();
    const reusing = reuseSmallTensors(binding);
    const [a, b] = [0, 0].map(() => reusing.createTensor([9], FLOAT, new Float32Array(9)));
    expect(a).not.toBe(b);
    reusing.deleteTensor(a!);
    expect(living()).toEqual([b]);
  });
});

/** Keeps book of what lives, as the addon does. */
function countingBinding(): { binding: TensorBinding; living: () => number[] } {
  const ids = new Set<number>();
  let next = 0;
  const binding: TensorBinding = {
    createTensor: () => {
      ids.add(++next);
      return next;
    },
    deleteTensor: (id) => {
      if (!ids.delete(id)) throw new Error(`There is no tensor ${id}.`);
    },
  };
  return { binding, living: () => [...ids] };
}
