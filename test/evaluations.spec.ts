import { truncateSync } from 'node:fs';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationDto, ProblemDetails } from '../packages/client/src/index.js';
import { EvaluationEntity } from '../src/models/evaluation.entity.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { goldens, registerTinyModel } from './support/tiny-model.js';

let service: Service;
let model: string;
let dataset: string;

beforeAll(async () => {
  service = await startService();
  model = (await registerTinyModel(service.app)).id;
  dataset = await upload(goldens.sentences.map(({ sentence }, i) => [goldens.forward.labels[i]!, sentence]));
});

afterAll(async () => {
  await service.stop();
  removeFolders();
});

async function upload(rows: [label: number, sentence: string][]): Promise<string> {
  const tsv = rows.map(([label, sentence]) => `lesson\t${label}\t\t${sentence}\n`).join('');
  return (await service.client.upload(tsv, { fileName: 'lesson.tsv' })).id;
}

/** Enough rows to be at it for a while. */
function uploadMany(count: number): Promise<string> {
  const rows = Array.from({ length: count }, (_, i): [number, string] => {
    const row = i % goldens.sentences.length;
    return [
      goldens.forward.labels[row]!,
      `${goldens.sentences[row]!.sentence} and the dog sat on the mat ${i}`,
    ];
  });
  return upload(rows);
}

async function start(datasetId: string, of = 'production'): Promise<EvaluationDto> {
  return service.client.evaluate(of, { datasetId });
}

async function until(
  { id, modelId }: EvaluationDto,
  enough: (evaluation: EvaluationDto) => boolean,
): Promise<EvaluationDto> {
  for (let tries = 0; tries < 2000; tries++) {
    const evaluation = await service.client.api.evaluations.find({ path: { id: modelId, evaluationId: id } });
    if (enough(evaluation)) return evaluation;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The evaluation does not get on');
}

const ended = ({ finishedAt }: EvaluationDto) => finishedAt !== null;

describe('an evaluation', () => {
  it('judges a dataset in the background and tells what came of it', async () => {
    const response = await service.client.request('POST', '/models/production/evaluations', {
      datasetId: dataset,
    });
    expect(response.status).toBe(202);
    const started = (await response.json()) as EvaluationDto;
    expect(response.headers.get('location')).toBe(`/models/${model}/evaluations/${started.id}`);
    expect(started).toMatchObject({
      modelId: model,
      datasetId: dataset,
      datasetName: 'lesson',
      result: null,
    });

    const evaluation = await until(started, ended);
    expect(evaluation).toMatchObject({ status: 'succeeded', progress: 1, error: null });
    const { labels, logits, loss } = goldens.forward;
    const count = (label: number, acceptable: boolean) =>
      labels.filter((one, i) => one === label && logits[i]![1] > logits[i]![0] === acceptable).length;
    const [tp, fp, tn, fn] = [count(1, true), count(0, true), count(0, false), count(1, false)];
    const mcc = (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
    expect(evaluation.result).toMatchObject({
      rows: labels.length,
      truncated: 0,
      confusionMatrix: { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn },
    });
    expect(evaluation.result!.mcc).toBeCloseTo(mcc, 10);
    expect(evaluation.result!.accuracy).toBeCloseTo((tp + tn) / labels.length, 10);
    expect(Math.abs(evaluation.result!.loss - loss)).toBeLessThan(1e-5);
    const { lower, upper } = evaluation.result!.mccInterval;
    expect(lower).toBeLessThan(mcc);
    expect(upper).toBeGreaterThan(mcc);
  });

  it('waits for its turn, shows its progress, and keeps its model and dataset from being deleted', async () => {
    const other = (await registerTinyModel(service.app, { promote: 'never' })).id;
    const many = await uploadMany(6000);
    const long = await start(many, other);
    const short = await start(dataset, other);
    const working = await until(long, ({ progress }) => progress > 0);
    if (working.status === 'running') {
      expect(working.progress).toBeLessThan(1);
      expect((await until(short, () => true)).status).toBe('queued');
      const refused = await service.client.problem(409, 'DELETE', `/models/${other}`);
      expect(refused.detail).toMatch(new RegExp(`${long.id}|${short.id}`));
      const alsoRefused = await service.client.problem(409, 'DELETE', `/datasets/${many}`);
      expect(alsoRefused.detail).toContain(long.id);
    }
    expect(working.status).toBe('running');
    const [first, second] = [await until(long, ended), await until(short, ended)];
    expect([first.status, second.status]).toEqual(['succeeded', 'succeeded']);
    expect(first.result!.rows).toBe(6000);
    expect(second.finishedAt! >= first.finishedAt!).toBe(true);

    const { items } = await service.client.api.evaluations.list({ path: { id: other } });
    expect(items.map(({ id }) => id)).toEqual([short.id, long.id]);
    await service.client.api.models.delete({ path: { id: other } });
    await service.client.problem(404, 'GET', `/models/${other}/evaluations`);
    await service.client.api.datasets.delete({ path: { id: many } });
  });

  it('judges in integers where it is asked to, and the model can', async () => {
    const both = (await registerTinyModel(service.app, { promote: 'never', auto: 'int8' })).id;
    const body = { datasetId: dataset, precision: 'int8' as const };
    const started = await service.client.evaluate(both, body);
    const [int8, fp32] = [await until(started, ended), await until(await start(dataset, both), ended)];
    expect([int8.status, int8.precision, fp32.precision]).toEqual(['succeeded', 'int8', 'fp32']);
    expect(int8.result!.loss).not.toBe(fp32.result!.loss);
    expect(Math.abs(int8.result!.loss - fp32.result!.loss)).toBeLessThan(0.02);

    const refused = await service.client.problem(409, 'POST', '/models/production/evaluations', body);
    expect(refused.detail).toMatch(/only fp32.*train the model again/);
    const unknown = { ...body, precision: 'int4' };
    const { errors } = await service.client.problem(422, 'POST', `/models/${both}/evaluations`, unknown);
    expect(errors).toMatchObject([{ pointer: '#/precision' }]);
  });

  it('outlives its dataset', async () => {
    const passing = await upload([
      [1, 'The cat sat.'],
      [0, 'Cat the sat.'],
    ]);
    const { id } = await until(await start(passing), ended);
    await service.client.api.datasets.delete({ path: { id: passing } });
    const kept = await service.client.api.evaluations.find({ path: { id: model, evaluationId: id } });
    expect(kept).toMatchObject({ datasetId: null, datasetName: 'lesson', status: 'succeeded' });
  });

  it('tells why it failed', async () => {
    const damaged = (await registerTinyModel(service.app, { promote: 'never' })).id;
    truncateSync(path.join(service.folder, 'models', damaged, 'model.safetensors'), 1000);
    const evaluation = await until(await start(dataset, damaged), ended);
    expect(evaluation).toMatchObject({ status: 'failed', result: null });
    expect(evaluation.error!.detail).toContain('damaged');
    expect((await until(await start(dataset), ended)).status).toBe('succeeded');
  });

  it('can be cancelled while it waits and while it runs, and not after its end', async () => {
    const long = await start(await uploadMany(6000));
    const waiting = await start(dataset);
    const last = await start(dataset);
    await until(long, ({ progress }) => progress > 0);
    const cancel = ({ modelId, id }: EvaluationDto) => `/models/${modelId}/evaluations/${id}/cancel`;
    for (const { modelId, id: evaluationId } of [waiting, long, long]) {
      const cancelled = await service.client.api.evaluations.cancel({ path: { id: modelId, evaluationId } });
      expect(cancelled).toMatchObject({ id: evaluationId, status: 'cancelled', result: null, error: null });
      expect(cancelled.finishedAt).not.toBeNull();
    }
    // Who waited behind them gets a turn, and what was cancelled stays so.
    expect((await until(last, ended)).status).toBe('succeeded');
    expect((await until(long, ended)).status).toBe('cancelled');
    const refused = await service.client.problem(409, 'POST', cancel(last));
    expect(refused.detail).toContain('it is succeeded');
    await service.client.problem(404, 'POST', cancel({ ...last, id: 'evl_01JD0000000000000000000000' }));
  });

  it('is refused where too many wait', async () => {
    const busy = await startService(undefined, { WELLFORMED_EVALUATION_QUEUE: '2' });
    try {
      const { id } = await registerTinyModel(busy.app);
      const rows = await busy.client.upload('a\t1\t\tThe cat sat.\na\t0\t*\tCat the sat.\n'.repeat(3000));
      const ask = () => busy.client.request('POST', `/models/${id}/evaluations`, { datasetId: rows.id });
      const answers = await Promise.all(Array.from({ length: 10 }, ask));
      const refused = answers.filter(({ status }) => status === 429);
      // One is judging by then, or is not.
      expect([7, 8]).toContain(refused.length);
      expect(refused[0]!.headers.get('retry-after')).toBe('60');
      expect(((await refused[0]!.json()) as ProblemDetails).detail).toMatch(
        /2 evaluations are already waiting.*cancel one/,
      );
    } finally {
      await busy.stop();
    }
  });

  it('is of a model and a dataset that there are', async () => {
    const body = { datasetId: 'ds_01JD0000000000000000000000' };
    expect(
      (await service.client.problem(404, 'POST', '/models/production/evaluations', body)).detail,
    ).toContain('dataset');
    await service.client.problem(404, 'POST', '/models/unheard-of/evaluations', { datasetId: dataset });
    for (const wrong of [{}, { datasetId: 1 }, { datasetId: '' }, { datasetId: dataset, rows: 3 }]) {
      await service.client.problem(422, 'POST', '/models/production/evaluations', wrong);
    }
    await service.client.problem(404, 'GET', `/models/${model}/evaluations/evl_01JD0000000000000000000000`);
    const other = (await registerTinyModel(service.app, { promote: 'never' })).id;
    const { items } = await service.client.api.evaluations.list({ path: { id: model }, query: { limit: 1 } });
    expect(items).toHaveLength(1);
    await service.client.problem(404, 'GET', `/models/${other}/evaluations/${items[0]!.id}`);
  });
});

describe('a stop', () => {
  it('interrupts what is under way and what waits', async () => {
    const long = await start(await uploadMany(6000));
    const waiting = await start(dataset);
    await until(long, ({ progress }) => progress > 0);
    await service.stop();

    service = await startService(service.folder);
    for (const evaluation of [long, waiting]) {
      const found = await until(evaluation, () => true);
      expect(found).toMatchObject({ status: 'interrupted', result: null });
      expect(found.finishedAt).not.toBeNull();
    }
  });

  it('that was a crash is noticed at the next start', async () => {
    const { id, modelId } = await until(await start(dataset), ended);
    // What a killed process leaves in the database.
    await service.app
      .get(DataSource)
      .manager.update(EvaluationEntity, { id }, { status: 'running', result: null, finishedAt: null });
    await service.stop();

    service = await startService(service.folder);
    const found = await service.client.api.evaluations.find({ path: { id: modelId, evaluationId: id } });
    expect(found).toMatchObject({ status: 'interrupted', progress: 0 });
  });
});
