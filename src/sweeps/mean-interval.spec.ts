import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { meanInterval, meanOf, standardDeviationOf, studentT } from './mean-interval.js';
import { shareBetween } from './results.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../test/goldens/sweeps.json', import.meta.url), 'utf8'),
) as {
  studentT: { degrees: number; t: number }[];
  means: { values: number[]; mean: number; standardDeviation: number; lower: number; upper: number }[];
  shares: { groups: number[][]; share: number }[];
};

describe('statistics of a sweep', () => {
  it.each(goldens.studentT)(
    "has Student's t of $degrees degrees of freedom as SciPy does",
    ({ degrees, t }) => {
      expect(Math.abs(studentT(degrees) - t)).toBeLessThan(1e-9 * t);
    },
  );

  it('has the mean, the deviation and the interval of a sample as SciPy does', () => {
    for (const { values, mean, standardDeviation, lower, upper } of goldens.means) {
      expect(meanOf(values)).toBeCloseTo(mean, 12);
      expect(standardDeviationOf(values)).toBeCloseTo(standardDeviation, 12);
      const interval = meanInterval(values)!;
      expect(interval.lower).toBeCloseTo(lower, 10);
      expect(interval.upper).toBeCloseTo(upper, 10);
    }
  });

  it('has no interval of one value', () => {
    expect(meanInterval([0.5])).toBeNull();
    expect(standardDeviationOf([0.5])).toBeNull();
  });

  it('has the share of variance between groups that an analysis of variance gives', () => {
    for (const { groups, share } of goldens.shares) expect(shareBetween(groups)).toBeCloseTo(share, 10);
  });

  it('tells no share where there is nothing to tell it by', () => {
    expect(shareBetween([[0.5], [0.6]])).toBeNull();
    expect(shareBetween([[0.5, 0.5], [0.5]])).toBeNull();
  });
});
