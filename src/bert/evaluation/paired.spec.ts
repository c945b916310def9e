import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapMccGain } from './bootstrap.js';
import { confusionMatrixOf, matthewsCorrelation } from './evaluation.js';
import { agreementOf, countPairs, mcNemarPValue, pairedMccs, type PairedCounts } from './paired.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/comparison.json', import.meta.url), 'utf8'),
) as {
  mcNemar: { onlyFirstRight: number; onlySecondRight: number; pValue: number }[];
  bootstrap: { counts: PairedCounts; first: number; second: number; lower: number; upper: number }[];
};

describe('mcNemarPValue', () => {
  it.each(goldens.mcNemar)(
    "agrees with SciPy's: $onlyFirstRight against $onlySecondRight",
    ({ pValue, ...rows }) => {
      expect(Math.abs(mcNemarPValue(rows) / pValue - 1)).toBeLessThan(1e-10);
    },
  );

  it('does not depend on which comes first, lies in (0, 1], and falls as rows split less evenly', () => {
    const count = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(count, count, (one, other) => {
        const p = (onlyFirstRight: number, onlySecondRight: number) =>
          mcNemarPValue({ onlyFirstRight, onlySecondRight });
        expect(p(one, other)).toBe(p(other, one));
        expect(p(one, other)).toBeGreaterThan(0);
        expect(p(one, other)).toBeLessThanOrEqual(1);
        const [fewer, more] = [Math.min(one, other), Math.max(one, other)];
        if (fewer > 0) expect(p(fewer - 1, more + 1)).toBeLessThanOrEqual(p(fewer, more));
      }),
    );
  });
});

describe('countPairs', () => {
  it('has MCCs and agreements as each judgement by itself would', () => {
    const row = fc.tuple(fc.constantFrom(0, 1), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const labels = rows.map(([label]) => label);
        const first = (at: number) => rows[at]![1];
        const second = (at: number) => rows[at]![2];
        const counts = countPairs(labels, first, second);
        const mccs = [first, second].map((judged) => matthewsCorrelation(confusionMatrixOf(labels, judged)));
        expect(pairedMccs(counts)).toEqual(mccs);
        const having = (firstIsRight: boolean, secondIsRight: boolean) =>
          rows.filter(
            ([label, one, other]) =>
              (one === (label === 1)) === firstIsRight && (other === (label === 1)) === secondIsRight,
          ).length;
        expect(agreementOf(counts)).toEqual({
          bothRight: having(true, true),
          onlyFirstRight: having(true, false),
          onlySecondRight: having(false, true),
          bothWrong: having(false, false),
        });
      }),
    );
  });
});

describe.each(goldens.bootstrap)('of $counts', ({ counts, first, second, lower, upper }) => {
  it("the bootstrap interval of the MCC's difference agrees with numpy's", () => {
    const [found, other] = pairedMccs(counts);
    expect(found).toBeCloseTo(first, 12);
    expect(other).toBeCloseTo(second, 12);
    const interval = bootstrapMccGain(counts, { resamples: 40_000, seed: 3 });
    const tolerance = 0.02 * (upper - lower);
    expect(Math.abs(interval.lower - lower)).toBeLessThan(tolerance);
    expect(Math.abs(interval.upper - upper)).toBeLessThan(tolerance);
  });
});
