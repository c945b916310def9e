import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calibrate,
  calibratedScore,
  calibrationQuality,
  fitTemperature,
  temperatureBounds,
  type CalibrationQuality,
} from './calibration.js';
import { evaluatePredictions } from './evaluation.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/evaluation.json', import.meta.url), 'utf8'),
) as {
  calibration: {
    name: string;
    labels: number[];
    logits: [number, number][];
    temperature: number;
    before: CalibrationQuality;
    fitted: CalibrationQuality;
    foldTemperatures: number[];
    crossFitted: CalibrationQuality;
  }[];
};
const [coolest, hottest] = temperatureBounds;

/** Rows whose two logits differ by `margins`. */
const withMargins = (margins: readonly number[]) => margins.flatMap((margin) => [0, margin]);

function expectClose(found: CalibrationQuality, expected: CalibrationQuality, digits = 7): void {
  expect(found.loss).toBeCloseTo(expected.loss, digits);
  expect(found.expectedCalibrationError).toBeCloseTo(expected.expectedCalibrationError, digits);
}

describe.each(goldens.calibration)('$name', (golden) => {
  const { labels } = golden;
  const logits = golden.logits.flat();
  const folds = labels.map((_, row) => row % golden.foldTemperatures.length);

  it("has scikit-learn's temperature", () => {
    expect(fitTemperature(labels, logits) / golden.temperature).toBeCloseTo(1, 6);
  });

  it("has scikit-learn's loss and Guo et al.'s calibration error", () => {
    expectClose(calibrationQuality(labels, logits), golden.before, 12);
    expectClose(calibrationQuality(labels, logits, golden.temperature), golden.fitted, 12);
  });

  it('is judged with temperatures fitted on other rows, and keeps the one of all', () => {
    const found = calibrate(labels, logits, folds);
    expect(found.fitted / golden.temperature).toBeCloseTo(1, 6);
    expectClose(found.before, golden.before, 12);
    expectClose(found.after, golden.crossFitted);
  });

  it('ends with scores of the calibrated logits', () => {
    const [unacceptable, acceptable] = golden.logits[0]!.map((logit) => Math.exp(logit / golden.temperature));
    const score = acceptable! / (unacceptable! + acceptable!);
    expect(calibratedScore(golden.logits[0]!, golden.temperature)).toBeCloseTo(score, 12);
  });
});

describe('fitTemperature', () => {
  const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.float({ min: -8, max: 8, noNaN: true })), {
    minLength: 1,
    maxLength: 40,
  });
  const split = (pairs: [number, number][]): [number[], number[]] => [
    pairs.map(([label]) => label),
    withMargins(pairs.map(([, margin]) => margin)),
  ];

  it('finds the lowest loss that there is within its bounds', () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const [labels, logits] = split(pairs);
        const best = calibrationQuality(labels, logits, fitTemperature(labels, logits)).loss;
        for (let temperature = coolest; temperature <= hottest; temperature *= 1.05) {
          expect(best).toBeLessThanOrEqual(calibrationQuality(labels, logits, temperature).loss + 1e-12);
        }
      }),
    );
  });

  it('changes no judgement', () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const [labels, logits] = split(pairs);
        const temperature = fitTemperature(labels, logits);
        const scaled = logits.map((logit) => logit / temperature);
        const { confusionMatrix, mcc } = evaluatePredictions(labels, scaled);
        expect({ confusionMatrix, mcc }).toEqual(
          (({ confusionMatrix, mcc }) => ({ confusionMatrix, mcc }))(evaluatePredictions(labels, logits)),
        );
      }),
    );
  });

  it('grows with the logits', () => {
    const { labels, logits, temperature } = goldens.calibration[0]!;
    for (const factor of [0.1, 0.7, 3, 7]) {
      const scaled = logits.flat().map((logit) => factor * logit);
      expect(fitTemperature(labels, scaled) / (factor * temperature)).toBeCloseTo(1, 6);
    }
  });

  it('does not care what is added to both logits of a row', () => {
    const { labels, logits, temperature } = goldens.calibration[0]!;
    const shifted = logits.flatMap(([a, b], row) => [a + row, b + row]);
    expect(fitTemperature(labels, shifted) / temperature).toBeCloseTo(1, 6);
  });

  it.each([
    ['all judgements are right', [1, 1, 0], [0.3, 2, -1], coolest],
    ['all of one class are right', [1, 1, 1], [0.3, 2, 1], coolest],
    ['all judgements are wrong', [1, 0], [-2, 3], hottest],
    ['judgements are no better than chance', [1, 0], [2, 2], hottest],
    ['logits are large', [1, 0], [100, -100], coolest],
    ['logits are huge and wrong', [1, 0], [-1e300, 1e300], hottest],
  ])('is at its bound when %s', (_, labels, margins, bound) => {
    const logits = withMargins(margins);
    expect(fitTemperature(labels, logits)).toBe(bound);
    expect(calibrationQuality(labels, logits, bound).expectedCalibrationError).toBeLessThanOrEqual(1);
  });

  it('is 1 where nothing can be learned', () => {
    expect(fitTemperature([], [])).toBe(1);
    expect(fitTemperature([1, 0, 1], withMargins([0, 0, 0]))).toBe(1);
    expect(fitTemperature([1], [700, 700])).toBe(1);
    expect(fitTemperature([1, 0], withMargins([1e300, -1e300]))).toBe(1);
  });

  it('takes what the labels say of equal logits', () => {
    // Three of four are right, so the probability must be 3/4.
    const temperature = fitTemperature([1, 1, 1, 0], withMargins([2, 2, 2, 2]));
    expect(calibratedScore([0, 2], temperature)).toBeCloseTo(0.75, 12);
  });

  it('refuses logits that are not finite', () => {
    expect(() => fitTemperature([1, 0], [0, 1, NaN, 0])).toThrow('row 1');
    expect(() => fitTemperature([1, 0], [0, Infinity, 0, 0])).toThrow('row 0');
  });
});

describe('calibrationQuality', () => {
  it('is without error where the confidence is the share that is right', () => {
    const { expectedCalibrationError } = calibrationQuality([1, 0], [0, 0, 0, 0]);
    expect(expectedCalibrationError).toBe(0);
  });

  it('counts the distance of sure and wrong judgements in full', () => {
    expect(calibrationQuality([0, 1], withMargins([900, -900])).expectedCalibrationError).toBe(1);
  });

  it('refuses rows that do not match', () => {
    expect(() => calibrationQuality([], [])).toThrow('nothing to judge');
    expect(() => calibrationQuality([1, 0], [0, 0])).toThrow('2 labels and 2 logits');
    expect(() => calibrate([1, 0], [0, 0, 0, 0], [0])).toThrow('folds of 1');
  });
});

describe('calibrate', () => {
  it('has no temperature for the only row that there is', () => {
    const { before, after } = calibrate([1], [0, 2], [0]);
    expect(after).toEqual(before);
  });
});
