import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootstrapMcc } from './bootstrap.js';
import { matthewsCorrelation, type ConfusionMatrix } from './evaluation.js';

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
