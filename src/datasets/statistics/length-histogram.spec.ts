import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LengthHistogram } from './length-histogram.js';

describe('LengthHistogram', () => {
  it('agrees with the sorted lengths', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 200 }), (lengths) => {
        const histogram = new LengthHistogram();
        for (const length of lengths) histogram.add(length);
        const sorted = [...lengths].sort((a, b) => a - b);
        const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
        const { mean: shown, bins, ...rest } = histogram.statistics();
        expect(bins!.length).toBeLessThanOrEqual(20);
        expect([bins![0]!.from, bins!.at(-1)!.to]).toEqual([sorted[0], sorted.at(-1)]);
        for (const [i, { from, to, rows }] of bins!.entries()) {
          expect(rows).toBe(lengths.filter((length) => length >= from && length <= to).length);
          if (i > 0) expect(from).toBe(bins![i - 1]!.to + 1);
        }
        expect(rest).toEqual({
          min: sorted[0],
          median: sorted[Math.ceil(lengths.length / 2) - 1],
          p95: sorted[Math.ceil(lengths.length * 0.95) - 1],
          max: sorted.at(-1),
        });
        expect(shown).toBeCloseTo(mean, 1);
      }),
    );
  });
});
