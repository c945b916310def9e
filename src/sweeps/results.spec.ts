import { describe, expect, it } from 'vitest';
import type { Run, RunEvaluation } from '../training/run.js';
import { bestRunOf, resultsOf, runsToKeep, type SweptRun } from './results.js';
import type { Combination, Space } from './space.js';
import type { Sweep, Trial } from './sweep.js';

const confusionMatrix = { truePositives: 5, falsePositives: 1, trueNegatives: 3, falseNegatives: 1 };
const evaluation = (mcc: number): RunEvaluation => ({
  step: 1,
  epoch: 1,
  averaged: false,
  best: true,
  validation: {
    rows: 10,
    loss: 0.4,
    accuracy: 0.8,
    mcc,
    confusionMatrix,
    mccInterval: { lower: mcc - 0.1, upper: mcc + 0.1 },
  },
});
const sweepOf = (space: Space, combinations: Combination[], seeds = [1, 2]) => {
  const trials = combinations.flatMap((values, combination) =>
    seeds.map((seed): Trial => ({ combination, values, seed })),
  );
  const search = { method: 'grid' as const, space, seeds, searchSeed: 1, rungs: null };
  return { trials, search, status: 'running' } satisfies Partial<Sweep>;
};
const run = (trial: number, mcc: number | null, status: Run['status'] = 'succeeded'): SweptRun => ({
  id: `run_${trial}`,
  trial,
  status,
  mcc,
  modelId: status === 'succeeded' ? `mdl_${trial}` : null,
  pauseAfterEpoch: null,
  epochs: [],
  evaluations: mcc === null ? [] : [evaluation(mcc)],
});

const rates = { learningRate: [1e-5, 2e-5, 3e-5] };
const three = sweepOf(
  rates,
  rates.learningRate.map((learningRate) => ({ learningRate })),
);

describe('the results of a sweep', () => {
  it('has combinations by their mean MCC over seeds, with an interval over seeds', () => {
    const runs = [run(0, 0.5), run(1, 0.54), run(2, 0.7), run(3, 0.4), run(4, 0.6), run(5, 0.52)];
    const { combinations } = resultsOf(three, runs);
    expect(combinations.map(({ values, mcc }) => [values.learningRate, mcc?.toFixed(3)])).toEqual([
      [3e-5, '0.560'],
      [2e-5, '0.550'],
      [1e-5, '0.520'],
    ]);
    const [first] = combinations;
    expect(first).toMatchObject({ isTrained: true, intervalOf: 'seeds' });
    // t of one degree of freedom is 12.706: two seeds say little, and no MCC is above 1.
    expect(first!.interval!.lower).toBeCloseTo(0.56 - (12.7062 * 0.0565685) / Math.SQRT2, 4);
    expect(first!.interval!.upper).toBe(1);
    expect(first!.standardDeviation).toBeCloseTo(0.0565685, 6);
    expect(first!.runs.map(({ id, seed }) => [id, seed])).toEqual([
      ['run_4', 1],
      ['run_5', 2],
    ]);
    // The best run is that of the best combination, though another had luck.
    expect(bestRunOf(three, runs)).toBe('run_4');
  });

  it('takes the interval of its rows where there is one run', () => {
    const { combinations } = resultsOf(three, [run(0, 0.5), run(1, null, 'failed')]);
    expect(combinations).toMatchObject([
      { mcc: 0.5, standardDeviation: null, interval: { lower: 0.4, upper: 0.6 }, intervalOf: 'rows' },
    ]);
  });

  it('lists what has not been trained to its end after all that has', () => {
    const runs = [run(0, 0.9, 'running'), run(2, 0.1), run(4, null, 'failed')];
    const { combinations } = resultsOf(three, runs);
    expect(combinations.map(({ mcc, isTrained }) => [mcc, isTrained])).toEqual([
      [0.1, true],
      [0.9, false],
      [null, false],
    ]);
    expect(bestRunOf(three, [run(0, 0.9, 'running')])).toBeNull();
  });

  it('keeps the models that may still be the best, and no others', () => {
    const kept = (runs: SweptRun[], changes: Partial<Sweep> = {}) =>
      [...runsToKeep({ ...three, ...changes }, runs)].sort();
    expect(kept([run(0, 0.5)])).toEqual(['run_0']);
    expect(kept([run(0, 0.5), run(1, 0.6)])).toEqual(['run_1']);
    // The third combination is not through: it may still win.
    expect(kept([run(0, 0.5), run(1, 0.6), run(2, 0.1)])).toEqual(['run_1', 'run_2']);
    expect(kept([run(0, 0.5), run(1, 0.6), run(2, 0.1), run(3, 0.2)])).toEqual(['run_1']);
    expect(kept([run(0, 0.5), run(1, 0.6), run(2, 0.7), run(3, null, 'failed')])).toEqual(['run_2']);
    // Nothing more comes of one that has ended early.
    expect(kept([run(0, 0.5), run(1, 0.6), run(2, 0.1)], { status: 'cancelled' })).toEqual(['run_1']);
  });

  it('tells what each hyperparameter does', () => {
    const space = { learningRate: [1e-5, 3e-5], batchSize: [16, 32], epochs: [3] };
    const combinations = space.learningRate.flatMap((learningRate) =>
      space.batchSize.map((batchSize) => ({ learningRate, batchSize, epochs: 3 })),
    );
    const sweep = sweepOf(space, combinations, [1]);
    const { effects } = resultsOf(sweep, [run(0, 0.4), run(1, 0.5), run(2, 0.6), run(3, 0.7)]);
    // Additive: 0.2 of the learning rate and 0.1 of the batch, so 4 to 1 of the variance. Epochs have one value.
    expect(effects.map(({ name, share }) => [name, share?.toFixed(6)])).toEqual([
      ['learningRate', '0.800000'],
      ['batchSize', '0.200000'],
    ]);
    expect(effects[0]!.values).toMatchObject([
      { value: 1e-5, from: null, runs: 2, mcc: 0.45 },
      { value: 3e-5, to: null, runs: 2 },
    ]);
    expect(effects[0]!.values[1]!.mcc).toBeCloseTo(0.65, 12);
  });

  it('tells of a range by parts with as many runs each', () => {
    const learningRates = [5e-5, 1e-5, 4e-5, 2e-5, 8e-5, 3e-5, 7e-5, 6e-5];
    const space = { learningRate: { min: 1e-5, max: 1e-4, scale: 'log' as const } };
    const sweep = sweepOf(
      space,
      learningRates.map((learningRate) => ({ learningRate })),
      [1],
    );
    const { effects } = resultsOf(
      sweep,
      learningRates.map((rate, trial) => run(trial, rate * 1e4)),
    );
    expect(effects).toHaveLength(1);
    expect(effects[0]!.values.map(({ value, from, to, runs }) => [value, from, to, runs])).toEqual([
      [null, 1e-5, 2e-5, 2],
      [null, 3e-5, 4e-5, 2],
      [null, 5e-5, 6e-5, 2],
      [null, 7e-5, 8e-5, 2],
    ]);
  });
});
