import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentenceIndex } from './sentence-index.js';

describe('SentenceIndex', () => {
  it('tells what a map tells, through many growths', () => {
    // Use few values in each half, so that tables collide and sentences repeat.
    const row = fc.tuple(fc.nat(300), fc.nat(300), fc.constantFrom(0 as const, 1 as const));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5_000, size: 'max' }), (rows) => {
        const index = new SentenceIndex();
        const known = new Map<string, Set<number>>();
        for (const [high, low, label] of rows) {
          const labels = known.get(`${high} ${low}`);
          const expected = !labels ? 'new' : labels.has(label) ? 'duplicate' : 'conflict';
          known.set(`${high} ${low}`, (labels ?? new Set()).add(label));
          expect(index.add(high, low, 7, label)).toBe(expected);
        }
        expect(index.size).toBe(known.size);
      }),
      { numRuns: 10 },
    );
  });

  it('stops remembering at its capacity, and still knows what it knew', () => {
    const index = new SentenceIndex(2);
    expect([1, 2, 3].map((high) => index.add(high, 2 ** 32 - 1, 7, 0))).toEqual(['new', 'new', 'unknown']);
    expect([1, 2, 3].map((high) => index.add(high, 2 ** 32 - 1, 7, 1))).toEqual([
      'conflict',
      'conflict',
      'unknown',
    ]);
    expect(index.size).toBe(2);
  });
});
