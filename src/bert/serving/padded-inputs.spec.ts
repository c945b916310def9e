import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { padInputs } from './padded-inputs.js';

describe('padInputs', () => {
  it('pads to the longest sentence', () => {
    const { inputIds, attentionMask, shape } = padInputs(
      Int32Array.from([101, 7, 102, 101, 30_521, 9, 102]),
      Int32Array.from([3, 4]),
    );
    expect(shape).toEqual([2, 4]);
    expect(inputIds).toEqual(BigInt64Array.from([101n, 7n, 102n, 0n, 101n, 30_521n, 9n, 102n]));
    expect(attentionMask).toEqual(BigInt64Array.from([1n, 1n, 1n, 0n, 1n, 1n, 1n, 1n]));
  });

  it('holds every id where it belongs, and nothing else', () => {
    const id = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.array(fc.array(id, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 9 }),
        (sentences) => {
          const lengths = Int32Array.from(sentences, (sentence) => sentence.length);
          const { inputIds, attentionMask, shape } = padInputs(Int32Array.from(sentences.flat()), lengths);
          const longest = Math.max(...lengths);
          expect(shape).toEqual([sentences.length, longest]);
          const padded = (row: number[]) => [...row, ...Array<number>(longest - row.length).fill(0)];
          expect([...inputIds].map(Number)).toEqual(sentences.flatMap(padded));
          expect([...attentionMask].map(Number)).toEqual(
            sentences.flatMap((row) => padded(row.map(() => 1))),
          );
        },
      ),
    );
  });
});
