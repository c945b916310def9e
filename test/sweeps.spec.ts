import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunSummaryDto, SweepDto, SweepRequestDto } from '../packages/client/src/index.js';
import { nativeEngine } from './support/engines.js';
import type { ServiceClient } from './support/service-client.js';
import type { RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';
import { quick, slow, startTrainer, tinyBaseModels } from './support/trainer.js';

const baseModels = tinyBaseModels();
const settings = { WELLFORMED_ENGINE: nativeEngine ?? 'wasm' };
const atWork = ['queued', 'preparing', 'running', 'interrupted'];
const NONE = 'swp_01JD3W5M4E7Y2V0N8GQ6T1CXZA';

const start = (client: ServiceClient, body: Partial<SweepRequestDto> & { datasetId: string }) =>
  client.api.sweeps.create({ body: { baseModel: 'tiny-bert', ...body } }) as Promise<SweepDto>;
const get = (client: ServiceClient, id: string) => client.api.sweeps.get({ path: { id } });
const resultsOf = (client: ServiceClient, id: string) => client.api.sweeps.results({ path: { id } });
/** In the order of their start. */
const runsOf = async (client: ServiceClient, sweep: string): Promise<RunSummaryDto[]> =>
  (await client.api.training.list({ query: { sweep, limit: 100 } })).items.reverse();

/** Asks again and again; the time limit of the test ends it. */
async function until(
  client: ServiceClient,
  id: string,
  isSo: (sweep: SweepDto) => boolean,
): Promise<SweepDto> {
  for (;;) {
    const sweep = await get(client, id);
    if (isSo(sweep)) return sweep;
    await delay(25);
  }
}

const untilEnded = (client: ServiceClient, id: string) =>
  until(client, id, ({ finishedAt }) => finishedAt !== null);

async function untilRun(client: ServiceClient, id: string, count: number): Promise<RunSummaryDto> {
  for (;;) {
    const run = (await runsOf(client, id))[count - 1];
    if (run) return run;
    await delay(25);
  }
}

describe('a sweep', { timeout: 240_000 }, () => {
  let service: RunningService;
  let dataset: DatasetDto;

  beforeAll(async () => {
    service = await startTrainer(baseModels, { settings });
    dataset = await service.client.uploadPractice(300, 4);
  });
  afterAll(() => service.stop());

  const grid = { learningRate: [5e-3, 1e-5], batchSize: [4, 8], epochs: 4 };
  const swept = shared(async () => {
    const begun = await start(service.client, { datasetId: dataset.id, name: 'swept', space: grid });
    return { begun, ended: await untilEnded(service.client, begun.id) };
  });

  it('trains each combination of a grid, and keeps the best model alone', async () => {
    const { begun, ended } = await swept();
    expect(begun).toMatchObject({
      status: 'running',
      method: 'grid',
      space: { ...grid, epochs: [4] },
      runCount: 4,
      progress: { started: [], waiting: 4 },
      best: null,
    });
    expect(ended).toMatchObject({
      status: 'succeeded',
      error: null,
      progress: { started: [{ status: 'succeeded', runs: 4 }], waiting: 0, secondsLeft: null },
    });
    const runs = await runsOf(service.client, begun.id);
    const asked = runs.map(({ hyperparameters: { learningRate, batchSize, epochs, seed } }) =>
      [learningRate, batchSize, epochs, seed].join(),
    );
    expect([...asked].sort()).toEqual(['0.00001,4,4,42', '0.00001,8,4,42', '0.005,4,4,42', '0.005,8,4,42']);
    expect(runs.map(({ name, promote, sweepId }) => [name, promote, sweepId])).toEqual(
      runs.map(() => ['swept', 'never', begun.id]),
    );

    const best = runs.reduce((one, other) => (other.mcc! > one.mcc! ? other : one));
    expect(best.mcc).toBeGreaterThan(0.3);
    expect(ended.best).toMatchObject({ runId: best.id, modelId: best.modelId, mcc: best.mcc, seed: 42 });
    expect(ended.best!.hyperparameters).toEqual({
      learningRate: best.hyperparameters.learningRate,
      batchSize: best.hyperparameters.batchSize,
      epochs: 4,
    });
    for (const { id, modelId } of runs) expect([id, modelId !== null]).toEqual([id, id === best.id]);
    const models = (await service.client.api.models.list()).items.filter(({ name }) => name === 'swept');
    expect(models.map(({ id }) => id)).toEqual([best.modelId]);
    expect(readdirSync(path.join(service.data, 'models'))).toContain(best.modelId);
    expect(models[0]!.promotion.reason).toMatch(new RegExp(`^It is the best of sweep ${begun.id}\\. `));
  });

  it('shows its combinations, best first, and what each hyperparameter does', async () => {
    const { begun, ended } = await swept();
    const { combinations, effects } = await resultsOf(service.client, begun.id);
    const mccs = combinations.map(({ mcc }) => mcc!);
    expect(mccs).toEqual([...mccs].sort((one, other) => other - one));
    expect(combinations).toHaveLength(4);
    expect(combinations[0]!.hyperparameters).toEqual(ended.best!.hyperparameters);
    for (const { runs, trained, interval, intervalOf, mcc, standardDeviation } of combinations) {
      expect([runs.length, trained, intervalOf, standardDeviation]).toEqual([1, true, 'rows', null]);
      const { evaluations } = await service.client.run(runs[0]!.id);
      expect(mcc).toBe(Math.max(...evaluations.map((evaluation) => evaluation.mcc)));
      expect(interval).toEqual(evaluations.find((evaluation) => evaluation.mcc === mcc)!.mccInterval);
    }
    // Epochs have one value, and so no effect to tell of.
    expect(effects.map(({ name, values }) => [name, values.map(({ value, runs }) => [value, runs])])).toEqual(
      [
        [
          'batchSize',
          [
            [4, 2],
            [8, 2],
          ],
        ],
        [
          'learningRate',
          [
            [5e-3, 2],
            [1e-5, 2],
          ],
        ],
      ],
    );
    const rate = effects.find(({ name }) => name === 'learningRate')!;
    expect(rate.varianceShare).toBeGreaterThan(0.5);
    expect(rate.values[0]!.mcc).toBeGreaterThan(rate.values[1]!.mcc);
  });

  it('is listed and counted', async () => {
    const { begun } = await swept();
    const { items } = await service.client.api.sweeps.list({ query: { status: 'succeeded' } });
    expect(items.map(({ id }) => id)).toContain(begun.id);
    expect(await service.client.metric('wellformed_sweeps{status="succeeded"}')).toBeGreaterThan(0);
  });

  it('repeats each combination with each seed, and draws the same ones again', async () => {
    const body: Partial<SweepRequestDto> = {
      method: 'random',
      space: { learningRate: { min: 1e-4, max: 1e-2, scale: 'log' }, epochs: 1 },
      seeds: [1, 2],
      budget: { runs: 4 },
      promote: 'never',
    };
    const tried: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const { id } = await start(service.client, { ...body, datasetId: dataset.id });
      const ended = await untilEnded(service.client, id);
      expect(ended).toMatchObject({ status: 'succeeded', runCount: 4 });
      const { combinations } = await resultsOf(service.client, id);
      expect(combinations).toHaveLength(2);
      for (const { runs, mcc, intervalOf, interval } of combinations) {
        expect(runs.map(({ seed }) => seed)).toEqual([1, 2]);
        expect(mcc).toBeCloseTo((runs[0]!.mcc! + runs[1]!.mcc!) / 2, 12);
        expect(intervalOf).toBe('seeds');
        expect(interval!.lower).toBeLessThanOrEqual(mcc!);
      }
      // The best run is one of the best combination.
      expect(combinations[0]!.runs.map((run) => run.id)).toContain(ended.best!.runId);
      tried.push(
        combinations.map(({ hyperparameters, runs }) => [hyperparameters, runs.map((run) => run.mcc)]),
      );
    }
    expect(tried[1]).toEqual(tried[0]);
  });

  it('lets other runs have their turn', async () => {
    const { id } = await start(service.client, {
      datasetId: dataset.id,
      space: { epochs: 3, batchSize: 4, learningRate: [1e-4, 2e-4, 3e-4] },
      promote: 'never',
    });
    await untilRun(service.client, id, 1);
    const other = await service.client.untilEnded((await service.client.start(quick(dataset))).id);
    await untilEnded(service.client, id);
    const second = (await runsOf(service.client, id))[1]!;
    expect(Date.parse(other.startedAt!)).toBeLessThan(Date.parse(second.startedAt!));
  });

  it('pauses, goes on, and is cancelled as a whole', async () => {
    const { id } = await start(service.client, {
      datasetId: dataset.id,
      space: { epochs: 6, batchSize: [4, 8, 16, 32], dropout: [0, 0.1] },
    });
    const first = await untilRun(service.client, id, 1);
    await service.client.untilTraining(first.id);
    expect(await service.client.api.sweeps.pause({ path: { id } })).toMatchObject({ status: 'paused' });
    expect((await service.client.problem(409, 'DELETE', `/sweeps/${id}`)).detail).toContain('cancel');
    const paused = await service.client.until(first.id, ({ status }) => status === 'paused');
    expect(paused.checkpoint!.step).toBeGreaterThan(0);
    // Another run has been through the queue, and none of the sweep came after it.
    await service.client.untilEnded((await service.client.start(quick(dataset))).id);
    expect((await runsOf(service.client, id)).map((run) => [run.id, run.status])).toEqual([
      [first.id, 'paused'],
    ]);

    expect(await service.client.api.sweeps.resume({ path: { id } })).toMatchObject({ status: 'running' });
    const second = await untilRun(service.client, id, 2);
    expect(await service.client.run(first.id)).toMatchObject({ status: 'succeeded', attempt: 2 });
    await service.client.untilTraining(second.id);
    // One that is paused alone goes on with the sweep too.
    await service.client.api.training.pause({ path: { id: second.id } });
    await service.client.until(second.id, ({ status }) => status === 'paused');
    await service.client.api.sweeps.resume({ path: { id } });
    await service.client.until(second.id, ({ status, attempt }) => status === 'running' && attempt === 2);
    const cancelled = await service.client.api.sweeps.cancel({ path: { id } });
    expect(['cancelling', 'cancelled']).toContain(cancelled.status);
    const ended = await untilEnded(service.client, id);
    const trained = (await runsOf(service.client, id)).filter(({ status }) => status === 'succeeded');
    const best = trained.reduce((one, other) => (other.mcc! > one.mcc! ? other : one));
    expect(ended).toMatchObject({ status: 'cancelled', best: { runId: best.id }, progress: { waiting: 0 } });
    expect(await service.client.run(second.id)).toMatchObject({ status: 'cancelled', checkpoint: null });
    // The best so far stays, and does not become production.
    const model = await service.client.model(ended.best!.modelId!);
    expect(model.aliases).toEqual([]);

    // Once more changes nothing; the rest is refused.
    expect(await service.client.api.sweeps.cancel({ path: { id } })).toMatchObject({ status: 'cancelled' });
    for (const what of ['pause', 'resume']) {
      const { detail } = await service.client.problem(409, 'POST', `/sweeps/${id}/${what}`);
      expect(detail).toContain('it is cancelled');
    }
  });

  it('keeps its data and its runs until it is deleted, and the run of a model even then', async () => {
    const { id } = await start(service.client, {
      datasetId: dataset.id,
      space: { epochs: 1, learningRate: [1e-3, 1e-4] },
      promote: 'never',
    });
    const { best } = await untilEnded(service.client, id);
    const other = (await runsOf(service.client, id)).find((run) => run.id !== best!.runId)!;
    expect((await service.client.problem(409, 'DELETE', `/train/${other.id}`)).detail).toContain(
      `DELETE /sweeps/${id}`,
    );
    const used = await service.client.problem(409, 'DELETE', `/datasets/${dataset.id}`);
    expect(used.detail).toMatch(/is used by (run|swp)_/);
    expect((await service.client.request('DELETE', `/sweeps/${id}`)).status).toBe(204);
    await service.client.problem(404, 'GET', `/sweeps/${id}`);
    await service.client.problem(404, 'GET', `/train/${other.id}`);
    expect(await service.client.run(best!.runId)).toMatchObject({ sweepId: null, modelId: best!.modelId });
  });

  it('is checked and estimated without being stored', async () => {
    const before = (await service.client.api.sweeps.list()).items.length;
    const body = { datasetId: dataset.id, baseModel: 'tiny-bert', seeds: [1, 2, 3] };
    await service.client
      .json(200, 'POST', '/sweeps?dryRun=true', body)
      .then((estimate) =>
        expect(estimate).toMatchObject({ runs: 54, combinations: 18, seconds: expect.any(Number) as number }),
      );
    const halving = { ...body, method: 'successive-halving', seeds: [1] };
    expect(await service.client.json(200, 'POST', '/sweeps?dryRun=true', halving)).toMatchObject({
      runs: 6,
      combinations: 6,
      seconds: expect.any(Number) as number,
    });
    expect((await service.client.api.sweeps.list()).items).toHaveLength(before);
  });

  it('is stored once for an idempotency key', async () => {
    const body = { datasetId: dataset.id, baseModel: 'tiny-bert', space: { epochs: 1 }, promote: 'never' };
    const send = () => service.client.request('POST', '/sweeps', body, { 'idempotency-key': 'one-sweep' });
    const first = await send();
    expect([first.status, first.headers.get('location')]).toEqual([
      202,
      expect.stringMatching(/^\/sweeps\/swp_/),
    ]);
    const told = (await first.json()) as SweepDto;
    const second = await send();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await second.json()).toEqual(told);
    expect((await untilEnded(service.client, told.id)).runCount).toBe(1);
  });

  it('is refused with what is wrong and where', async () => {
    const refused = async (body: object) => {
      const { errors, detail } = await service.client.problem(422, 'POST', '/sweeps', {
        datasetId: dataset.id,
        baseModel: 'tiny-bert',
        ...body,
      });
      return [errors?.[0]?.pointer, errors?.[0]?.message ?? detail];
    };
    expect(await refused({ space: { learningRte: [1e-5] } })).toEqual([
      '#/space/learningRte',
      expect.stringContaining('Did you mean learningRate?'),
    ]);
    expect(await refused({ space: { seed: [1, 2] } })).toEqual([
      '#/space/seed',
      expect.stringContaining('not a known'),
    ]);
    expect(await refused({ space: { epochs: [2, 99] } })).toEqual([
      '#/space/epochs/1',
      'epochs must be a whole number from 1 to 20',
    ]);
    expect(await refused({ space: { dropout: { min: 0, max: 0.2 } } })).toEqual([
      '#/space/dropout',
      expect.stringContaining('method random'),
    ]);
    expect(await refused({ space: { dropout: { min: 0, maxx: 0.2 } } })).toEqual([
      '#/space/dropout/maxx',
      expect.stringContaining('Did you mean max?'),
    ]);
    expect(await refused({ method: 'random' })).toEqual(['#/budget', expect.stringContaining('budget.runs')]);
    const halving = { method: 'successive-halving' };
    expect(await refused({ ...halving, space: { epochs: [2, 4] } })).toEqual([
      '#/space/epochs',
      expect.stringContaining('one number of epochs'),
    ]);
    expect(await refused({ ...halving, seeds: [1, 2] })).toEqual([
      '#/seeds',
      expect.stringContaining('one seed'),
    ]);
    expect(await refused({ ...halving, space: { epochs: 3 }, minEpochs: 3 })).toEqual([
      '#/minEpochs',
      expect.stringContaining('there is no rung'),
    ]);
    expect(await refused({ ...halving, space: { dropout: { min: 0, max: 0.2 } } })).toEqual([
      '#/budget',
      expect.stringContaining('budget.runs'),
    ]);
    expect(await refused({ minEpochs: 2 })).toEqual([
      '#/minEpochs',
      expect.stringContaining('successive-halving'),
    ]);
    expect(await refused({ seeds: [] })).toEqual(['#/seeds', expect.stringContaining('1 to 20')]);
    expect(await refused({ seeds: [1, 1] })).toEqual(['#/seeds', expect.stringContaining('twice')]);
    expect(await refused({ seeds: [-1] })).toEqual([
      '#/seeds',
      expect.stringContaining('whole number from 0'),
    ]);
    expect(await refused({ space: { epochs: [1, 3], weightAveraging: 2 } })).toEqual([
      '#/space',
      expect.stringMatching(/epochs 1, weightAveraging 2: weightAveraging 2 is more than the 1 epochs/),
    ]);
    expect(await refused({ space: { reinitializedLayers: [0, 40] } })).toEqual([
      '#/space',
      expect.stringMatching(/reinitializedLayers 40: .* more than the 2 layers/),
    ]);
    const values = Array.from({ length: 30 }, (_, i) => (i + 1) / 100);
    expect(await refused({ space: { dropout: values, weightDecay: values } })).toEqual([
      '#/space',
      expect.stringContaining('900 runs, and 500 is the most'),
    ]);
    expect(await refused({ datasetId: undefined })).toEqual([
      '#/datasetId',
      expect.stringContaining('id of a dataset'),
    ]);
    const unknown = { baseModel: 'tiny-bert', datasetId: 'ds_01JD3W5M4E7Y2V0N8GQ6T1CXZA' };
    await service.client.problem(404, 'POST', '/sweeps', unknown);
    for (const route of ['', '/results']) await service.client.problem(404, 'GET', `/sweeps/${NONE}${route}`);
    for (const what of ['pause', 'resume', 'cancel']) {
      await service.client.problem(404, 'POST', `/sweeps/${NONE}/${what}`);
    }
    await service.client.problem(404, 'DELETE', `/sweeps/${NONE}`);
  });
});

describe('successive halving', { timeout: 240_000 }, () => {
  let service: RunningService;
  let dataset: DatasetDto;

  beforeAll(async () => {
    service = await startTrainer(baseModels, { settings });
    dataset = await service.client.uploadPractice(300, 4);
  });
  afterAll(() => service.stop());

  const epochs = 4;
  const body: Partial<SweepRequestDto> = {
    method: 'successive-halving',
    space: { learningRate: [5e-3, 2e-3, 1e-3, 1e-4, 1e-5, 1e-6], batchSize: 4, epochs },
    promote: 'never',
  };
  const begin = (client: ServiceClient, { id }: DatasetDto) => start(client, { ...body, datasetId: id });
  /** What came of each trial, in the order of their start. */
  const outcomesOf = async (client: ServiceClient, sweep: string) =>
    Promise.all(
      (await runsOf(client, sweep)).map(async ({ id, hyperparameters: { learningRate }, status }) => {
        const { epochs } = await client.api.training.metrics({ path: { id } });
        return { learningRate, status, mccs: epochs.map((epoch) => epoch.mcc) };
      }),
    );
  const halved = shared(async () => {
    const own = await service.client.start({ ...slow(dataset), checkpointSteps: 5 });
    await service.client.until(own.id, ({ checkpoint }) => checkpoint !== null);
    await service.client.api.training.cancel({ path: { id: own.id } });
    await service.client.untilEnded(own.id);
    const { id } = await begin(service.client, dataset);
    const ended = await untilEnded(service.client, id);
    return { own: own.id, ended, outcomes: await outcomesOf(service.client, id) };
  });

  it('has the best half of each rung go on, by the rule of ASHA', async () => {
    const { ended, outcomes } = await halved();
    expect(ended).toMatchObject({ status: 'succeeded', rungs: [1, 2], reductionFactor: 2, runCount: 6 });
    // The algorithm of the paper with one worker: promote where it can be, from the top; else start a trial.
    const best = (trial: number, epoch: number) => Math.max(...outcomes[trial]!.mccs.slice(0, epoch));
    const done: number[] = [];
    const isPromotable = (trial: number, rung: number) => {
      const there = [...done.keys()].filter((one) => done[one]! >= rung);
      there.sort((one, other) => best(other, rung) - best(one, rung) || one - other);
      return done[trial] === rung && there.indexOf(trial) < Math.floor(there.length / 2);
    };
    for (;;) {
      const rung = [2, 1].find((one) => [...done.keys()].some((trial) => isPromotable(trial, one)));
      if (rung !== undefined) done[[...done.keys()].find((trial) => isPromotable(trial, rung))!] = 2 * rung;
      else if (done.length < outcomes.length) done.push(1);
      else break;
    }
    expect(outcomes.map(({ mccs }) => mccs.length)).toEqual(done);
    expect(done.filter((count) => count === epochs).length).toBeGreaterThan(0);
    expect(outcomes.map(({ status }) => status)).toEqual(
      done.map((count) => (count === epochs ? 'succeeded' : 'cancelled')),
    );
    const { combinations, effects } = await resultsOf(service.client, ended.id);
    expect(combinations.flatMap(({ runs }) => runs.map(({ rung }) => rung)).sort()).toEqual(
      done.map((count) => (count === 1 ? 1 : 2)).sort(),
    );
    // All are compared at the first rung, those too that were given up there.
    const [effect] = effects;
    expect(effect!.values.map(({ value, mcc, runs }) => [value, mcc, runs])).toEqual(
      [5e-3, 2e-3, 1e-3, 1e-4, 1e-5, 1e-6].map((rate) => [
        rate,
        outcomes.find(({ learningRate }) => learningRate === rate)!.mccs[0],
        1,
      ]),
    );
  });

  it('makes of its best trial the model of a run of its own, bit for bit', async () => {
    const { ended } = await halved();
    const { hyperparameters } = await service.client.run(ended.best!.runId);
    const { learningRate, batchSize, seed } = hyperparameters;
    const alone = await service.client.start({
      datasetId: dataset.id,
      learningRate,
      batchSize,
      seed,
      epochs,
    });
    const { modelId } = await service.client.untilEnded(alone.id);
    const sum = (model: string) =>
      createHash('sha256')
        .update(readFileSync(path.join(service.data, 'models', model, 'model.safetensors')))
        .digest('hex');
    expect(sum(ended.best!.modelId!)).toBe(sum(modelId!));
  });

  it('leaves no checkpoint, and takes the place of no other', async () => {
    const { own, ended } = await halved();
    for (const { checkpoint } of await runsOf(service.client, ended.id)) expect(checkpoint).toBeNull();
    const { checkpoint } = await service.client.run(own);
    expect(readdirSync(path.join(service.data, 'checkpoints'))).toEqual([
      `${own}-${checkpoint!.attempt}-${checkpoint!.step}`,
    ]);
  });

  it('comes to the same where it was paused meanwhile', async () => {
    const { outcomes } = await halved();
    const { id } = await begin(service.client, dataset);
    for (const count of [1, 3]) {
      await untilRun(service.client, id, count);
      await service.client.api.sweeps.pause({ path: { id } });
      while ((await runsOf(service.client, id)).some(({ status }) => atWork.includes(status)))
        await delay(25);
      // Another run has been through the queue, and none of the sweep came after it.
      const before = await runsOf(service.client, id);
      await service.client.untilEnded((await service.client.start(quick(dataset))).id);
      expect(await runsOf(service.client, id)).toEqual(before);
      await service.client.api.sweeps.resume({ path: { id } });
    }
    expect((await untilEnded(service.client, id)).status).toBe('succeeded');
    expect(await outcomesOf(service.client, id)).toEqual(outcomes);
  });

  it('comes to the same where the service was killed meanwhile', async () => {
    const { ended, outcomes } = await halved();
    const data = mkdtempSync(path.join(tmpdir(), 'wellformed-halving-'));
    let killed = await startTrainer(baseModels, { data, settings });
    const { id } = await begin(killed.client, await killed.client.uploadPractice(300, 4));
    const moments = [
      (runs: RunSummaryDto[]) => runs.length === 1 && runs[0]!.step > 1,
      // One that was promoted, and one that comes after it.
      (runs: RunSummaryDto[]) => runs.some(({ epoch, status }) => epoch > 1 && status === 'running'),
      (runs: RunSummaryDto[]) => runs.length === 4,
      (runs: RunSummaryDto[]) => runs.length === outcomes.length,
    ];
    for (const isNow of moments) {
      while (!isNow(await runsOf(killed.client, id))) await delay(10);
      await killed.kill();
      killed = await startTrainer(baseModels, { data, settings });
    }
    const again = await untilEnded(killed.client, id);
    expect(again.status).toBe('succeeded');
    expect(await outcomesOf(killed.client, id)).toEqual(outcomes);
    expect(again.best).toMatchObject({ mcc: ended.best!.mcc, hyperparameters: ended.best!.hyperparameters });
    expect(readdirSync(path.join(data, 'models'))).toEqual([again.best!.modelId]);
    expect(readdirSync(path.join(data, 'checkpoints'))).toEqual([]);
    await killed.stop();
    rmSync(data, { recursive: true });
  });
});

describe('a sweep whose runs all fail', { timeout: 120_000 }, () => {
  it('ends after the first three, and says why', async () => {
    // Nobody listens there.
    const unreachable = { WELLFORMED_HUB_URL: 'http://127.0.0.1:9' };
    const service = await startTrainer(baseModels, { settings: { ...settings, ...unreachable } });
    try {
      const { id: datasetId } = await service.client.uploadPractice(60, 6);
      const { id } = await start(service.client, { datasetId, baseModel: 'owner/none' });
      const ended = await untilEnded(service.client, id);
      expect(ended).toMatchObject({ status: 'failed', best: null, runCount: 18 });
      expect(ended.progress.started).toEqual([{ status: 'failed', runs: 3 }]);
      const [first] = await runsOf(service.client, id);
      expect(ended.error).toEqual({
        code: 'first-runs-failed',
        message: expect.stringContaining(first!.error!.message) as string,
        param: 'baseModel',
      });
    } finally {
      await service.stop();
    }
  });
});
