import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootstrapMcc, bootstrapMccGain } from './bootstrap.js';
import { confusionMatrixOf, matthewsCorrelation, type ConfusionMatrix } from './evaluation.js';
import { countPairs } from './paired.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/evaluation.json', import.meta.url), 'utf8'),
) as { bootstrap: { confusionMatrix: ConfusionMatrix; lower: number; upper: number }[] };

describe('bootstrapMcc', () => {
  it.each(goldens.bootstrap)("agrees with numpy's: $lower to $upper", ({ confusionMatrix, lower, upper }) => {
    const found = bootstrapMcc(confusionMatrix, { resamples: 40_000, seed: 3 });
    const tolerance = 0.02 * (upper - lower);
    expect(Math.abs(found.lower - lower)).toBeLessThan(tolerance);
    expect(Math.abs(found.upper - upper)).toBeLessThan(tolerance);
  });

  it('depends on the seed alone', () => {
    const { confusionMatrix } = goldens.bootstrap[0]!;
    expect(bootstrapMcc(confusionMatrix, { seed: 1 })).toEqual(bootstrapMcc(confusionMatrix, { seed: 1 }));
    expect(bootstrapMcc(confusionMatrix, { seed: 1 })).not.toEqual(
      bootstrapMcc(confusionMatrix, { seed: 2 }),
    );
  });

  it('holds the point estimate, of a million rows within 50 ms', () => {
    const counts = {
      truePositives: 640_000,
      falsePositives: 90_000,
      trueNegatives: 220_000,
      falseNegatives: 50_000,
    };
    const started = performance.now();
    const { lower, upper } = bootstrapMcc(counts, { seed: 42 });
    expect(performance.now() - started).toBeLessThan(50);
    expect(lower).toBeLessThan(matthewsCorrelation(counts));
    expect(upper).toBeGreaterThan(matthewsCorrelation(counts));
    expect(upper - lower).toBeLessThan(0.005);
  });

  it('is a point where nothing varies', () => {
    const oneClass = { truePositives: 9, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
    expect(bootstrapMcc(oneClass, { seed: 1 })).toEqual({ lower: 0, upper: 0 });
  });
});

describe('bootstrapMccGain', () => {
  const labels = Array.from({ length: 300 }, (_, row) => row % 3 && 1);
  // Right but for every tenth row, or for every fifth.
  const good = (row: number) => (labels[row] === 1) !== (row % 10 === 0);
  const worse = (row: number) => (labels[row] === 1) !== (row % 5 === 0);

  const gainOf = (before: (row: number) => boolean, after: (row: number) => boolean) =>
    bootstrapMccGain(countPairs(labels, before, after), { seed: 1 });

  it('is zero between a judgement and itself', () => {
    expect(gainOf(good, good)).toEqual({ lower: 0, upper: 0 });
  });

  it('holds the difference, has its sign, and depends on the seed alone', () => {
    const mcc = (judged: (row: number) => boolean) => matthewsCorrelation(confusionMatrixOf(labels, judged));
    const gain = mcc(good) - mcc(worse);
    const up = gainOf(worse, good);
    expect(up.lower).toBeGreaterThan(0);
    expect(up.lower).toBeLessThan(gain);
    expect(up.upper).toBeGreaterThan(gain);
    expect(gainOf(good, worse).upper).toBeLessThan(0);
    expect(gainOf(worse, good)).toEqual(up);
  });

  it('is narrower than two judgements that are not paired would be', () => {
    const { lower, upper } = gainOf(worse, good);
    // As many rows are wrong, but none of them in both.
    const elsewhere = (row: number) => (labels[row] === 1) !== (row % 10 === 1);
    const apart = gainOf(elsewhere, good);
    expect(upper - lower).toBeLessThan(apart.upper - apart.lower);
  });
});
