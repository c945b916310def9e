import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBatches } from './batches.js';

describe('planBatches', () => {
  it('puts sentences of like length together', () => {
    expect(planBatches([9, 3, 9, 4, 3], 12)).toEqual([[1, 4, 3], [0], [2]]);
  });

  it('keeps within the budget, forgets none and repeats none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 512 })),
        fc.integer({ min: 1, max: 2048 }),
        (lengths, budget) => {
          const batches = planBatches(lengths, budget);
          expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
          for (const batch of batches) {
            const padded = batch.length * Math.max(...batch.map((position) => lengths[position]!));
            expect(batch.length === 1 || padded <= budget).toBe(true);
          }
          // Two neighbours would not fit into one.
          for (let i = 1; i < batches.length; i++) {
            const longest = lengths[batches[i]![0]!]!;
            expect((batches[i - 1]!.length + 1) * longest).toBeGreaterThan(budget);
          }
        },
      ),
    );
  });
});
