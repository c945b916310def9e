import { describe, expect, it } from 'vitest';
import { stretches, trainingExtent } from './extent.js';
import { defaultHyperparameters } from './hyperparameters.js';

describe('trainingExtent', () => {
  const extent = (changes: Partial<typeof defaultHyperparameters>, examples = 100) =>
    trainingExtent({ ...defaultHyperparameters, batchSize: 10, ...changes }, examples);

  it('counts steps and examples', () => {
    expect(extent({})).toEqual({ stepsPerEpoch: 10, totalSteps: 30, totalExamples: 300, evaluations: 3 });
    expect(extent({}, 101)).toMatchObject({ stepsPerEpoch: 11, totalSteps: 33 });
    expect(extent({ gradientAccumulationSteps: 4 })).toMatchObject({ stepsPerEpoch: 3, totalSteps: 9 });
  });

  it('counts the evaluations', () => {
    // After steps 4, 8, 10, 12, 16, 20, 24, 28 and 30.
    expect(extent({ evaluationSteps: 4 }).evaluations).toBe(9);
    expect(extent({ evaluationSteps: 5 }).evaluations).toBe(6);
    expect(extent({ evaluationSteps: 1000 }).evaluations).toBe(3);
    expect(extent({ weightAveraging: 2 }).evaluations).toBe(4);
  });
});

describe('stretches', () => {
  it('cuts an epoch after each step that an evaluation follows', () => {
    const batches = Array.from({ length: 10 }, (_, i) => i + 11);
    expect(stretches(batches, 10, null)).toEqual([batches]);
    expect(stretches(batches, 10, 4)).toEqual([
      [11, 12],
      [13, 14, 15, 16],
      [17, 18, 19, 20],
    ]);
    expect(stretches(batches, 10, 6)).toEqual([
      [11, 12],
      [13, 14, 15, 16, 17, 18],
      [19, 20],
    ]);
    expect(stretches(batches, 10, 1)).toEqual(batches.map((batch) => [batch]));
  });
});
