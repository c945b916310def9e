import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  confusionMatrixOf,
  matthewsCorrelation,
  type Judgements,
} from '../src/bert/evaluation/evaluation.js';
import { defaultHyperparameters } from '../src/bert/fine-tuning/hyperparameters.js';
import type { DatasetDto } from '../packages/client/src/index.js';
import type { RunComparisonDto } from '../src/training/dto/run-comparison.dto.js';
import type { RunMetricsDto } from '../src/training/dto/run.dto.js';
import { queuedRun, type Run, type RunEvaluation } from '../src/training/run.js';
import { RunsRepository, type Claim } from '../src/training/runs.repository.js';
import type { RunningService } from './support/service-process.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { startTrainer, tinyBaseModels } from './support/trainer.js';

const goldens = JSON.parse(readFileSync(new URL('./goldens/comparison.json', import.meta.url), 'utf8')) as {
  bootstrap: { counts: number[]; first: number; second: number; lower: number; upper: number }[];
};

describe('GET /train/compare', () => {
  let service: Service;
  let runs: RunsRepository;
  let dataset: DatasetDto;
  beforeAll(async () => {
    service = await startService();
    runs = service.app.get(RunsRepository);
    dataset = await service.client.uploadPractice(30, 1);
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const owner = 'nobody else';
  const claimOn = (runId: string): Claim => ({ runId, owner, attempt: 1 });

  /** Stores a run that is under way, with a step and an evaluation if it has judged anything. */
  async function addRun(judgements?: Judgements, changes: Partial<Run> & { keeps?: boolean } = {}) {
    const { keeps = true, ...others } = changes;
    const run: Run = {
      ...queuedRun({
        datasetId: dataset.id,
        validationDatasetId: null,
        name: null,
        promote: 'never',
        baseModel: 'tiny-bert',
        hyperparameters: { ...defaultHyperparameters, maxLength: 'auto', validationFraction: 0.1 },
      }),
      ...others,
    };
    await runs.insert(run);
    const claim = (await runs.take(run.id, owner, new Date(Date.now() + 60_000)))!;
    await runs.transition(run.id, { status: 'running' }, claim);
    for (const step of [1, 2, 3]) {
      const data = { ...{ step, totalSteps: 3, epoch: 1, loss: 1 / step, learningRate: 1e-3 / step } };
      const rest = { gradientNorm: 1, progress: 0, examplesPerSecond: null, secondsLeft: null };
      await runs.record(claim, { step }, { type: 'step', data: { ...data, ...rest } });
    }
    if (!judgements) return run.id;
    const evaluation = evaluationOf(judgements);
    const event = { type: 'evaluation', data: evaluation } as const;
    const kept = keeps ? judgements : undefined;
    await runs.record(
      claim,
      { evaluations: [evaluation], mcc: evaluation.validation.mcc, plan: planOf('a', judgements) },
      event,
      kept,
    );
    return run.id;
  }

  function evaluationOf({ labels, logOdds }: Judgements): RunEvaluation {
    const confusionMatrix = confusionMatrixOf(labels, (row) => logOdds[row]! > 0);
    const mcc = matthewsCorrelation(confusionMatrix);
    const validation = { rows: labels.length, loss: 0.5, accuracy: 0.5, mcc, confusionMatrix };
    return { step: 3, epoch: 1, averaged: false, validation, best: true };
  }

  function planOf(hash: string, { labels }: Judgements) {
    const validationContentHash = hash.repeat(64);
    return {
      ...{ maxLength: 16, trainingRows: 27, validationRows: labels.length },
      ...{ validationContentHash, estimatedBytes: 1 },
    };
  }

  /** Judgements of two runs that fall together as the counts say. */
  function pairOf(counts: readonly number[]): [Judgements, Judgements] {
    const kinds = counts.flatMap((rows, kind) => new Array<number>(rows).fill(kind));
    const labels = Uint8Array.from(kinds, (kind) => kind >> 2);
    const logOdds = (bit: number) => Float32Array.from(kinds, (kind) => ((kind >> bit) & 1) - 0.5);
    return [
      { labels, logOdds: logOdds(1) },
      { labels, logOdds: logOdds(0) },
    ];
  }

  const compare = (...ids: string[]) =>
    service.client.json<RunComparisonDto>(200, 'GET', `/train/compare?ids=${ids.join(',')}`);
  const refused = (status: number, query: string) =>
    service.client.problem(status, 'GET', `/train/compare?${query}`);

  it.each(goldens.bootstrap)('subtracts the MCCs of runs on the same rows: $counts', async (golden) => {
    const [first, second] = pairOf(golden.counts);
    const ids = [await addRun(first), await addRun(second)] as const;
    const { pairs } = await compare(...ids);
    expect(pairs).toMatchObject([{ first: ids[0], second: ids[1], reason: null }]);
    const { mccDifferenceInterval: interval, ...difference } = pairs[0]!.difference!;
    const [u00, u01, u10, u11, a00, a01, a10, a11] = golden.counts as [
      ...[number, number, number, number],
      ...[number, number, number, number],
    ];
    expect(difference).toEqual({
      rows: first.labels.length,
      firstMcc: expect.closeTo(golden.first, 12),
      secondMcc: expect.closeTo(golden.second, 12),
      mccDifference: expect.closeTo(golden.second - golden.first, 12),
      bothRight: u00 + a11,
      onlyFirstRight: u01 + a10,
      onlySecondRight: u10 + a01,
      bothWrong: u11 + a00,
      pValue: expect.any(Number),
    });
    // Of 1,000 samples, so an end is not exact.
    const tolerance = 0.1 * (golden.upper - golden.lower);
    expect(Math.abs(interval.lower - golden.lower)).toBeLessThan(tolerance);
    expect(Math.abs(interval.upper - golden.upper)).toBeLessThan(tolerance);
    // The same comparison has the same answer, and the other way round it has the other sign.
    expect((await compare(...ids)).pairs).toEqual(pairs);
    const back = (await compare(ids[1], ids[0])).pairs[0]!.difference!;
    expect(back.mccDifference).toBe(-difference.mccDifference);
    expect(back.pValue).toBe(difference.pValue);
  });

  it('shows each run with its curves, and what was asked for differently', async () => {
    const [first, second] = pairOf(goldens.bootstrap[1]!.counts);
    const { hyperparameters } = await runs.get(await addRun());
    const other = { ...hyperparameters, learningRate: 1e-4, classWeights: [1, 2] as [number, number] };
    const ids = [await addRun(first), await addRun(second, { hyperparameters: other, baseModel: 'other' })];
    const comparison = await service.client.json<RunComparisonDto>(
      200,
      'GET',
      `/train/compare?ids=${ids[0]}&ids=${ids[1]}&points=2`,
    );
    expect(comparison.differences).toEqual([
      { name: 'baseModel', values: ['tiny-bert', 'other'] },
      { name: 'learningRate', values: [3e-5, 1e-4] },
      { name: 'classWeights', values: [null, [1, 2]] },
    ]);
    for (const [index, id] of ids.entries()) {
      const { points, ...run } = comparison.runs[index]!;
      expect(run).toEqual(await service.client.json(200, 'GET', `/train/${id}`));
      const metrics = await service.client.json<RunMetricsDto>(200, 'GET', `/train/${id}/metrics?points=2`);
      expect(points).toEqual(metrics.points);
      expect(points.map(({ step }) => step)).toEqual([1, 3]);
    }
  });

  it('compares each run with each', async () => {
    const [first, second] = pairOf(goldens.bootstrap[1]!.counts);
    const ids = [await addRun(first), await addRun(second), await addRun(first)];
    const { pairs, differences } = await compare(...ids);
    const [a, b, c] = ids;
    expect(pairs.map((pair) => [pair.first, pair.second])).toEqual([
      [a, b],
      [a, c],
      [b, c],
    ]);
    expect(pairs[1]!.difference).toMatchObject({
      mccDifference: 0,
      mccDifferenceInterval: { lower: 0, upper: 0 },
      onlyFirstRight: 0,
      onlySecondRight: 0,
      pValue: 1,
    });
    expect(differences).toEqual([]);
  });

  it('says why a pair has no difference', async () => {
    const [first, second] = pairOf(goldens.bootstrap[1]!.counts);
    const known = await addRun(first);
    const reasonOf = async (id: string) => {
      const { pairs } = await compare(known, id);
      expect(pairs[0]!.difference).toBeNull();
      return pairs[0]!.reason;
    };
    const waiting = await addRun();
    expect(await reasonOf(waiting)).toBe(
      `Run ${waiting} has no evaluation yet. Compare again after its first one.`,
    );
    await runs.transition(waiting, { status: 'failed' });
    expect(await reasonOf(waiting)).toBe(`Run ${waiting} ended before its first evaluation.`);

    const elsewhere = await addRun(second);
    await runs.record(claimOn(elsewhere), { plan: planOf('b', second) });
    expect(await reasonOf(elsewhere)).toContain('were validated on different rows. Train both');

    const old = await addRun(second, { keeps: false });
    expect(await reasonOf(old)).toContain(`run ${old} were not kept`);

    // The evaluation was stored, its judgements were not: what is kept is of an earlier one.
    const later = await addRun(second);
    await runs.record(claimOn(later), { evaluations: [evaluationOf(second), evaluationOf(first)] });
    expect(await reasonOf(later)).toContain(`run ${later} were not kept`);
  });

  it('refuses what cannot be compared, and says what to do', async () => {
    const id = await addRun();
    const missing = `run_${'0'.repeat(26)}`;
    expect((await refused(404, `ids=${id},${missing}`)).detail).toBe(
      `There is no run ${missing}. GET /train lists them.`,
    );
    const howMany = 'ids must be 2 to 10 ids of runs, separated by commas';
    const eleven = Array.from({ length: 11 }, (_, index) => `run_${String(index).padStart(26, '0')}`);
    for (const query of ['', 'ids=', `ids=${id}`, `ids=${eleven.join(',')}`, `ids=${id},ds_1`, 'ids=a,b']) {
      const { errors } = await refused(422, query);
      expect([query, errors]).toEqual([query, [{ parameter: 'ids', message: howMany }]]);
    }
    expect((await refused(422, `ids=${id},${id}`)).errors).toEqual([
      { parameter: 'ids', message: 'ids must be different: one of them is there twice' },
    ]);
    expect((await refused(422, `ids=${id},${missing}&points=1`)).errors).toMatchObject([
      { parameter: 'points' },
    ]);
  });
});

describe('runs that were trained', { timeout: 180_000 }, () => {
  const baseModels = tinyBaseModels();
  let service: RunningService;
  beforeAll(async () => {
    service = await startTrainer(baseModels);
  });
  afterAll(() => service.stop());

  it('are compared by what their best evaluations judged', async () => {
    const training = await service.client.uploadPractice(240, 1);
    const validation = await service.client.uploadPractice(120, 2);
    const asked = {
      datasetId: training.id,
      baseModel: 'tiny-bert',
      epochs: 4,
      batchSize: 16,
      promote: 'never' as const,
    };
    const onSet = { ...asked, validationDatasetId: validation.id, weightAveraging: 2 };
    const trained = [
      await service.client.start({ ...onSet, learningRate: 2e-3 }),
      await service.client.start({ ...onSet, learningRate: 1e-5 }),
      await service.client.start({ ...asked, learningRate: 2e-3 }),
    ];
    for (const { id } of trained) expect((await service.client.untilEnded(id)).status).toBe('succeeded');
    const ids = trained.map(({ id }) => id).join(',');
    const { runs, pairs } = await service.client.json<RunComparisonDto>(
      200,
      'GET',
      `/train/compare?ids=${ids}`,
    );
    const [good, poor] = runs;
    const { difference } = pairs[0]!;
    expect(difference).toMatchObject({ rows: 120, firstMcc: good!.mcc, secondMcc: poor!.mcc });
    const rightOf = (run: typeof good) => {
      const { truePositives, trueNegatives } = run!.evaluations.findLast(({ best }) => best)!.confusionMatrix;
      return truePositives + trueNegatives;
    };
    const { bothRight, onlyFirstRight, onlySecondRight } = difference!;
    expect([bothRight + onlyFirstRight, bothRight + onlySecondRight]).toEqual([rightOf(good), rightOf(poor)]);
    // One has learnt what a sentence is, and the other nothing.
    expect(difference!.mccDifferenceInterval.upper).toBeLessThan(0);
    expect(difference!.pValue).toBeLessThan(0.01);
    expect(pairs.slice(1).map(({ reason }) => reason)).toEqual([
      expect.stringContaining('different rows'),
      expect.stringContaining('different rows'),
    ]);
  });
});
