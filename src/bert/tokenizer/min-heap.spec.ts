import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MinHeap } from './min-heap.js';

it('gives the least first, also between additions', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { freq: 3 })), (steps) => {
      const heap = new MinHeap();
      const held: number[] = [];
      for (const value of steps) {
        if (value === null) {
          held.sort((a, b) => a - b);
          expect(heap.pop()).toBe(held.shift());
        } else {
          heap.push(value);
          held.push(value);
        }
      }
    }),
  );
});
