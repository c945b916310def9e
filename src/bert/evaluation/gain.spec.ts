import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statelessPhilox, type Philox } from '../random.js';
import { calibrate, temperatureBounds } from './calibration.js';
import { stratifiedFolds } from './cross-fitting.js';
import { isGain, meanInterval, servedFigure } from './gain.js';
import { sigmoid } from './evaluation.js';
import { tuneThreshold } from './threshold.js';

const seeds = Array.from({ length: 25 }, (_, seed) => seed);

/** Fits both to rows whose scores are `margins`. */
function fit(labels: readonly number[], margins: readonly number[], seed = 42) {
  const folds = stratifiedFolds(labels, { seed });
  const logits = margins.flatMap((margin) => [0, margin]);
  return {
    calibration: calibrate(labels, logits, folds),
    threshold: tuneThreshold(labels, margins.map(sigmoid), folds, seed),
  };
}

const uniform = (random: Philox) => random.nextUint32() / 2 ** 32;

/** Rows whose labels are as likely as their log odds say. */
function honestRows(count: number, seed: number) {
  const random = statelessPhilox(seed, 7);
  const odds = Array.from({ length: count }, () => 6 * (uniform(random) - 0.5));
  return { odds, labels: odds.map((odd) => Number(uniform(random) < sigmoid(odd))) };
}

describe('a temperature and a threshold', () => {
  it('are not used where all logits are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 200 }), (labels) => {
        const { calibration, threshold } = fit(
          labels,
          labels.map(() => 0),
        );
        expect(calibration).toMatchObject({ temperature: 1, used: false });
        expect(threshold).toMatchObject({ threshold: 0.5, used: false });
      }),
    );
  });

  it('are not used where scores are right as they are, of any number of rows', () => {
    let used = 0;
    for (const count of [2, 7, 30, 200]) {
      for (const seed of seeds) {
        const { odds, labels } = honestRows(count, seed);
        const { calibration, threshold } = fit(labels, odds, seed);
        used += Number(calibration.used) + Number(threshold.used);
      }
    }
    // The error is that of 95 %: 5 of 200 may be better by chance in the direction that counts.
    expect(used).toBeLessThanOrEqual(5);
  });

  it('uses the temperature of 500 rows that are plainly too sure', () => {
    for (const seed of seeds) {
      const { odds, labels } = honestRows(500, seed);
      const { calibration } = fit(
        labels,
        odds.map((odd) => 4 * odd),
        seed,
      );
      expect(calibration.used).toBe(true);
      expect(calibration.temperature).toBe(calibration.fitted);
      expect(Math.abs(calibration.temperature - 4)).toBeLessThan(1.5);
      expect(calibration.reason).toMatch(/better beyond its error: loss \S+ → \S+ on 500 validation rows/);
    }
  });

  it('uses the threshold of 500 rows whose scores are plainly too high', () => {
    for (const seed of seeds) {
      const { odds, labels } = honestRows(500, seed);
      const { threshold } = fit(
        labels,
        odds.map((odd) => odd + 3),
        seed,
      );
      expect(threshold.used).toBe(true);
      expect(threshold.threshold).toBe(threshold.fitted);
      expect(threshold.threshold).toBeGreaterThan(0.8);
      expect(threshold.after.mcc).toBeGreaterThan(threshold.before.mcc);
    }
  });

  it('are not used of two rows, whatever their scores', () => {
    const margin = fc.double({ min: -20, max: 20, noNaN: true });
    const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), margin), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(rows, (pairs) => {
        const { calibration, threshold } = fit(
          pairs.map(([label]) => label),
          pairs.map(([, margin]) => margin),
        );
        expect(calibration).toMatchObject({ temperature: 1, used: false });
        expect(threshold).toMatchObject({ threshold: 0.5, used: false });
        expect(calibration.reason).toContain('Scores stay as they are');
        expect(threshold.reason).toContain('stays at 0.5');
      }),
    );
  });

  it('never sit on the bounds, of seven rows', () => {
    let bounded = 0;
    for (const seed of seeds) {
      const { odds, labels } = honestRows(7, seed);
      const { calibration } = fit(labels, odds, seed);
      expect(temperatureBounds).not.toContain(calibration.temperature);
      if (!(temperatureBounds as readonly number[]).includes(calibration.fitted)) continue;
      bounded++;
      expect(calibration).toMatchObject({ temperature: 1, used: false });
      expect(calibration.reason).toContain(`ended at its bound of ${calibration.fitted}`);
    }
    expect(bounded).toBeGreaterThan(0);
  });

  it('never sit on the bounds though the gain is plain: many rows that are all right', () => {
    const labels = Array.from({ length: 200 }, (_, row) => row % 2);
    const { calibration } = fit(
      labels,
      labels.map((label, row) => (label === 1 ? 1 : -1) * (1 + row / 200)),
    );
    expect(calibration.after.loss).toBeLessThan(calibration.before.loss);
    expect(calibration).toMatchObject({ temperature: 1, used: false, fitted: temperatureBounds[0] });
  });
});

describe('meanInterval', () => {
  // Student's 0.975 quantiles, as tables and SciPy have them.
  it.each([
    [2, 4.302653],
    [5, 2.570582],
    [30, 2.042272],
    [1000, 1.962339],
  ])('has the width of Student’s t with %s degrees of freedom', (degrees, quantile) => {
    const values = Float64Array.from({ length: degrees + 1 }, (_, i) => i % 3);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const error = Math.sqrt(squares / degrees / values.length);
    const { lower, upper } = meanInterval(values);
    expect((lower + upper) / 2).toBeCloseTo(mean, 12);
    expect((upper - lower) / 2 / (quantile * error)).toBeCloseTo(1, 1.5);
  });

  it('is everything for a single value, and a point where nothing varies', () => {
    expect(meanInterval(Float64Array.of(3))).toEqual({ lower: -Infinity, upper: Infinity });
    expect(meanInterval(Float64Array.of(0, 0))).toEqual({ lower: 0, upper: 0 });
  });
});

describe('isGain', () => {
  it('needs a lower end above 0', () => {
    expect([-0.01, 0, 0.01].map((lower) => isGain({ lower, upper: 1 }))).toEqual([false, false, true]);
  });
});

describe('servedFigure', () => {
  it('is the cross-fitted one where the fit is used, and in versions that do not say', () => {
    const figures = { before: 1, after: 2 };
    expect([true, false, undefined].map((used) => servedFigure({ used, ...figures }))).toEqual([2, 1, 2]);
  });
});
