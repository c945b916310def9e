import { describe, expect, it } from 'vitest';
import { evaluationWarnings, validationWarnings } from './warnings.js';

describe('validationWarnings', () => {
  it.each([
    [50, 50, 0],
    [49, 50, 1],
    [500, 49, 1],
    [0, 2, 1],
  ])('of %s acceptable and %s unacceptable rows are %s', (acceptable, unacceptable, count) => {
    const warnings = validationWarnings({ acceptable, unacceptable });
    expect(warnings).toHaveLength(count);
    for (const text of warnings) expect(text).toContain(`${acceptable} acceptable and ${unacceptable} un`);
  });
});

describe('evaluationWarnings', () => {
  const matrix = { truePositives: 40, falsePositives: 30, trueNegatives: 20, falseNegatives: 10 };
  const evaluation = { rows: 100, loss: 0.5, accuracy: 0.6, mcc: 0.3, confusionMatrix: matrix };

  it('counts the rows of each label, and tells of an MCC that is not above 0', () => {
    expect(evaluationWarnings(evaluation)).toEqual([]);
    const few = { ...matrix, truePositives: 39 };
    expect(evaluationWarnings({ ...evaluation, confusionMatrix: few })).toEqual([
      expect.stringContaining('Only 49 acceptable and 50 unacceptable'),
    ]);
    for (const mcc of [0, -0.1]) {
      expect(evaluationWarnings({ ...evaluation, mcc })).toEqual([expect.stringContaining('than chance')]);
    }
  });
});
