import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matthewsCorrelation } from './evaluation.js';
import { bestThreshold, tuneThreshold } from './threshold.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/evaluation.json', import.meta.url), 'utf8'),
) as {
  thresholds: {
    name: string;
    labels: number[];
    scores: number[];
    threshold: number;
    mcc: number;
    default: number;
    foldThresholds: number[];
    crossFitted: number;
  }[];
};

function mccAt(threshold: number, labels: readonly number[], scores: readonly number[]): number {
  const count = (label: number, above: boolean) =>
    labels.filter((one, row) => one === label && scores[row]! > threshold === above).length;
  return matthewsCorrelation({
    truePositives: count(1, true),
    falsePositives: count(0, true),
    trueNegatives: count(0, false),
    falseNegatives: count(1, false),
  });
}

describe.each(goldens.thresholds)('$name', (golden) => {
  const { labels, scores } = golden;

  it('has the threshold of which scikit-learn gives the highest MCC', () => {
    expect(bestThreshold(labels, scores)).toBeCloseTo(golden.threshold, 12);
    expect(mccAt(golden.threshold, labels, scores)).toBeCloseTo(golden.mcc, 12);
  });

  it('is judged with thresholds chosen on other rows', () => {
    const folds = labels.map((_, row) => row % golden.foldThresholds.length);
    const found = tuneThreshold(labels, scores, folds, 42);
    expect(found.fitted).toBeCloseTo(golden.threshold, 12);
    expect(found.before.mcc).toBeCloseTo(golden.default, 12);
    expect(found.after.mcc).toBeCloseTo(golden.crossFitted, 12);
    // What it would be if a row could help to choose its own threshold.
    expect(found.after.mcc).toBeLessThan(golden.mcc);
    const { truePositives, falsePositives, trueNegatives, falseNegatives } = found.after.confusionMatrix;
    expect(truePositives + falsePositives + trueNegatives + falseNegatives).toBe(labels.length);
  });
});

describe('bestThreshold', () => {
  // Few different scores, so that there are ties.
  const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 20 })), { maxLength: 25 });

  it('is never beaten by another threshold, and by none as good that is nearer to one half', () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const labels = pairs.map(([label]) => label);
        const scores = pairs.map(([, twentieth]) => twentieth / 20);
        const found = bestThreshold(labels, scores);
        const mcc = mccAt(found, labels, scores);
        expect(mcc).toBeGreaterThanOrEqual(Math.min(0, mccAt(0.5, labels, scores)));
        for (let other = -0.025; other < 1.1; other += 0.05) {
          const otherMcc = mccAt(other, labels, scores);
          if (otherMcc > 0) expect(mcc).toBeGreaterThan(otherMcc - 1e-9);
        }
        const rising = [...new Set(scores)].sort((a, b) => a - b);
        const middles = rising.slice(1).map((score, i) => (score + rising[i]!) / 2);
        const nearer = middles.filter((other) => Math.abs(other - 0.5) < Math.abs(found - 0.5) - 1e-9);
        for (const other of nearer) expect(mccAt(other, labels, scores)).toBeLessThan(mcc);
      }),
    );
  });

  it('lies midway between two scores', () => {
    expect(bestThreshold([0, 0, 1, 1], [0.1, 0.2, 0.4, 0.45])).toBeCloseTo(0.3, 12);
  });

  it('stays at one half where that is as good', () => {
    expect(bestThreshold([0, 0, 1, 1], [0.1, 0.3, 0.9, 0.95])).toBe(0.5);
  });

  it.each([
    ['there are no rows', [], []],
    ['all labels are the same', [1, 1, 1], [0.1, 0.6, 0.9]],
    ['all scores are the same', [0, 1, 1], [0.9, 0.9, 0.9]],
    ['scores and labels contradict each other', [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]],
  ])('is one half when %s', (_, labels, scores) => {
    expect(bestThreshold(labels, scores)).toBe(0.5);
  });

  it('tells scores apart between which no number lies', () => {
    const scores = [0.7, 0.7 + 2 ** -53];
    expect(mccAt(bestThreshold([0, 1], scores), [0, 1], scores)).toBe(1);
  });

  it('refuses what is not a score', () => {
    expect(() => bestThreshold([1, 0], [0.5, NaN])).toThrow('row 1');
    expect(() => bestThreshold([1, 0], [0.5])).toThrow('2 labels and 1 scores');
    expect(() => tuneThreshold([], [], [], 42)).toThrow('0 labels');
  });
});
