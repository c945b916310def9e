import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packInputs } from './packed-inputs.js';

describe('packInputs', () => {
  it('puts short sentences into one row, behind longer ones', () => {
    const { inputIds, attentionMask, shape, order } = packInputs(
      Int32Array.from([101, 102, 101, 7, 8, 9, 102, 101, 30_521, 102]),
      Int32Array.from([2, 5, 3]),
    );
    expect(shape).toEqual([2, 5]);
    expect(inputIds).toEqual(BigInt64Array.from([101n, 7n, 8n, 9n, 102n, 101n, 30_521n, 102n, 101n, 102n]));
    expect(attentionMask).toEqual(BigInt64Array.from([1n, 1n, 1n, 1n, 1n, 1n, 1n, 1n, 2n, 2n]));
    expect(order).toEqual([1, 2, 0]);
  });

  it('gives each a row of its own where they may not share', () => {
    const { inputIds, attentionMask, shape, order } = packInputs(
      Int32Array.from([101, 102, 101, 7, 102]),
      Int32Array.from([2, 3]),
      false,
    );
    expect([inputIds, attentionMask, shape, order]).toEqual([
      BigInt64Array.from([101n, 102n, 0n, 101n, 7n, 102n]),
      BigInt64Array.from([1n, 1n, 0n, 1n, 1n, 1n]),
      [2, 3],
      [0, 1],
    ]);
  });

  it('leaves one sentence as it is', () => {
    const { inputIds, attentionMask, shape, order } = packInputs(
      Int32Array.from([101, 5, 102]),
      Int32Array.from([3]),
    );
    expect([inputIds, attentionMask, shape, order]).toEqual([
      BigInt64Array.from([101n, 5n, 102n]),
      BigInt64Array.from([1n, 1n, 1n]),
      [1, 3],
      [0],
    ]);
  });

  it('holds every sentence whole, once, and padding on the right alone', () => {
    const id = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.array(fc.array(id, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 20 }),
        (sentences) => {
          const lengths = Int32Array.from(sentences, (sentence) => sentence.length);
          const { inputIds, attentionMask, shape, order } = packInputs(
            Int32Array.from(sentences.flat()),
            lengths,
          );
          const [rows, columns] = shape;
          expect(columns).toBe(Math.max(...lengths));
          const found: number[][] = [];
          for (let row = 0; row < rows; row++) {
            const ids = [...inputIds.slice(row * columns, (row + 1) * columns)].map(Number);
            const numbers = [...attentionMask.slice(row * columns, (row + 1) * columns)].map(Number);
            const most = Math.max(...numbers);
            const places = numbers.map((number) => (number === 0 ? most + 1 : number));
            expect(places).toEqual(places.toSorted((a, b) => a - b));
            for (let number = 1; number <= most; number++) {
              found.push(ids.filter((_, column) => numbers[column] === number));
            }
          }
          expect(found).toEqual(order.map((sentence) => sentences[sentence]));
          expect(order.toSorted((a, b) => a - b)).toEqual([...sentences.keys()]);
        },
      ),
    );
  });
});
