import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossFit, stratifiedFolds } from './cross-fitting.js';

const labelled = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 60 });

describe('stratifiedFolds', () => {
  it('deals each label out evenly', () => {
    fc.assert(
      fc.property(labelled, fc.integer({ min: 1, max: 9 }), fc.integer(), (labels, count, seed) => {
        const folds = stratifiedFolds(labels, { count, seed });
        for (const wanted of [[0], [1], [0, 1]]) {
          const sizes = Array<number>(count).fill(0);
          folds.forEach((fold, row) => wanted.includes(labels[row]!) && sizes[fold]!++);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('depends on the seed alone', () => {
    const labels = Array.from({ length: 50 }, (_, row) => row % 2);
    expect(stratifiedFolds(labels, { seed: 1 })).toEqual(stratifiedFolds(labels, { seed: 1 }));
    expect(stratifiedFolds(labels, { seed: 1 })).not.toEqual(stratifiedFolds(labels, { seed: 2 }));
  });
});

describe('crossFit', () => {
  it('never fits on the fold that it judges', () => {
    fc.assert(
      fc.property(labelled, fc.integer({ min: 1, max: 9 }), (labels, count) => {
        const folds = stratifiedFolds(labels, { count, seed: 3 });
        crossFit(folds, (rows) => rows).forEach((rows, judged) => {
          const others = labels.map((_, row) => row).filter((row) => folds[row] !== folds[judged]);
          expect(rows).toEqual(others);
        });
      }),
    );
  });
});
