import { describe, expect, it } from 'vitest';
import { epochBatches } from './batches.js';
import { isEvaluatedAfter, stretches, tokensOfSteps, trainingExtent } from './extent.js';
import { defaultHyperparameters } from './hyperparameters.js';

describe('trainingExtent', () => {
  const extent = (changes: Partial<typeof defaultHyperparameters>, examples = 100) =>
    trainingExtent({ ...defaultHyperparameters, batchSize: 10, ...changes }, examples);

  it('counts steps and examples', () => {
    expect(extent({})).toEqual({
      batchesPerEpoch: 10,
      stepsPerEpoch: 10,
      totalSteps: 30,
      totalExamples: 300,
      evaluations: 3,
    });
    expect(extent({}, 101)).toMatchObject({ stepsPerEpoch: 11, totalSteps: 33 });
    expect(extent({ gradientAccumulationSteps: 4 })).toMatchObject({
      batchesPerEpoch: 10,
      stepsPerEpoch: 3,
      totalSteps: 9,
    });
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

describe('isEvaluatedAfter', () => {
  it('tells the steps that end a stretch', () => {
    const batches = Array.from({ length: 10 }, (_, i) => i + 11);
    for (const evaluationSteps of [null, 4, 6, 1]) {
      const ends = stretches(batches, 10, evaluationSteps).map((stretch) => stretch.at(-1));
      const told = batches.filter((step) => isEvaluatedAfter(step, { stepsPerEpoch: 10 }, evaluationSteps));
      expect(told).toEqual(ends);
    }
  });
});

describe('tokensOfSteps', () => {
  const lengths = Array.from({ length: 50 }, (_, i) => 5 + ((i * 7) % 23));
  const settings = { ...defaultHyperparameters, batchSize: 4, gradientAccumulationSteps: 2, seed: 3 };

  it('counts each batch of a step at the length of its longest row', () => {
    const steps = epochBatches(lengths, 8, 3, 2).map((rows) => {
      const halves = [rows.slice(0, 4), rows.slice(4)].filter((half) => half.length > 0);
      return halves.reduce(
        (sum, half) => sum + half.length * Math.max(...half.map((row) => lengths[row]!)),
        0,
      );
    });
    expect(tokensOfSteps(lengths, settings, 2)).toEqual(steps);
    expect(steps).toHaveLength(7);
  });

  it('counts each row twice with R-Drop', () => {
    const once = tokensOfSteps(lengths, settings, 1);
    expect(tokensOfSteps(lengths, { ...settings, rDrop: 1 }, 1)).toEqual(once.map((tokens) => 2 * tokens));
  });
});
