import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, DatasetPageDto } from '../src/datasets/dto/dataset.dto.js';
import type { ModelDto, ModelPageDto } from '../src/models/dto/model.dto.js';
import type { RunDto, RunPageDto } from '../src/training/dto/run.dto.js';
import { problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import type { RunningService } from './support/service-process.js';
import {
  get,
  parseEvents,
  quick,
  request,
  startTrainer,
  text,
  tinyBaseModels,
  tinyBert,
  trainJson,
  untilEnded,
  upload,
  uploadText,
} from './support/trainer.js';

const baseModels = tinyBaseModels();
cpSync(tinyBert, path.join(baseModels, 'damaged'), { recursive: true });
writeFileSync(path.join(baseModels, 'damaged', 'model.safetensors'), 'not tensors');

describe('the options of a training', { timeout: 180_000 }, () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startTrainer(baseModels);
  });
  afterAll(() => service.stop());

  it('trains with every option of a form', async () => {
    const form = new FormData();
    const options = {
      ...{ batchSize: 8, gradientAccumulationSteps: 2, schedule: 'cosine', layerwiseLearningRateDecay: 0.9 },
      ...{ labelSmoothing: 0.1, rDrop: 0.5, reinitializedLayers: 1, weightAveraging: 2, evaluationSteps: 10 },
    };
    for (const [name, value] of Object.entries(options)) form.set(name, String(value));
    form.set('classWeights', '2,1');
    form.set('epochs', '3');
    form.set('learningRate', '1e-3');
    form.set('baseModel', 'tiny-bert');
    form.set('file', new Blob([practiceRows(240, 8)]), 'practice.tsv');
    const response = await fetch(`${service.url}/train`, { method: 'POST', body: form });
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as RunDto;
    const ended = await untilEnded(service, id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      // 216 rows, 16 a step.
      totalSteps: 42,
      hyperparameters: { ...options, classWeights: [2, 1], earlyStoppingPatience: null },
    });
    const told = ended.evaluations.map(({ step, averaged }) => (averaged ? 'average' : step));
    expect(told).toEqual([10, 14, 20, 28, 30, 40, 42, 'average']);
    expect(ended.evaluations[0]!.epoch).toBeCloseTo(10 / 14, 12);
    expect(ended.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);

    const events = parseEvents(await text(service, `/train/${id}/events`));
    const evaluations = events.filter(({ event }) => event === 'evaluation').map(({ data }) => data);
    expect(evaluations).toEqual(ended.evaluations);

    const model = await get<ModelDto>(service, `/models/${ended.modelId}`);
    const kept = ended.evaluations.findLast(({ best }) => best)!;
    expect(model).toMatchObject({
      hyperparameters: { ...options, classWeights: [2, 1] },
      metrics: {
        bestEpoch: kept.epoch,
        averaged: kept.averaged,
        best: { mcc: Math.max(...ended.evaluations.map(({ mcc }) => mcc)) },
        evaluations: ended.evaluations.map(({ step, epoch, averaged, mcc }) => ({
          ...{ step, epoch, averaged, validation: { mcc } },
        })),
      },
    });
    const card = await text(service, `/models/${ended.modelId}/files/README.md`);
    expect(card).toContain('| average');
    expect(card).toContain('| labelSmoothing | 0.1 |');
    expect(card).toContain('cosine decay');
  });

  it('stops early, says why, and keeps the best', async () => {
    const dataset = await upload(service, 120, 9);
    const { id } = await trainJson(service, {
      ...{ datasetId: dataset.id, baseModel: 'tiny-bert', epochs: 20, learningRate: 1e-12 },
      ...{ evaluationSteps: 2, earlyStoppingPatience: 3 },
    });
    const ended = await untilEnded(service, id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      totalSteps: 80,
      stoppedEarly: expect.stringMatching(/^The MCC has not risen above .* \(step 2\) in 3 evaluations\.$/),
      progress: 1,
    });
    expect(ended.step).toBeLessThan(80);
    expect(ended.evaluations.map(({ best }) => best)).toEqual([true, false, false, false]);
    const events = parseEvents(await text(service, `/train/${id}/events`));
    expect(events.find(({ event }) => event === 'stoppedEarly')!.data).toEqual({
      reason: ended.stoppedEarly,
    });
    const model = await get<ModelDto>(service, `/models/${ended.modelId}`);
    expect(model.metrics.stoppedEarly).toBe(ended.stoppedEarly);
    expect(await text(service, `/models/${ended.modelId}/files/README.md`)).toContain(ended.stoppedEarly);
  });
});

describe('bad input', () => {
  let service: RunningService;
  let dataset: DatasetDto;
  let oneClass: DatasetDto;

  beforeAll(async () => {
    // On this engine a job can be too large.
    service = await startTrainer(baseModels, { settings: { WELLFORMED_MAX_UPLOAD_BYTES: '64 KiB' } });
    dataset = await upload(service, 100, 6);
    oneClass = await uploadText(service, 'The cat sat.\t1\nThe dog sat.\t1\n');
  });
  afterAll(() => service.stop());

  const missing = 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB';
  it.each<[string, number, string | undefined, () => Record<string, unknown>]>([
    ['epochs below 1', 422, '#/epochs', () => ({ epochs: 0 })],
    ['epochs above 20', 422, '#/epochs', () => ({ epochs: 21 })],
    ['a broken number of epochs', 422, '#/epochs', () => ({ epochs: 1.5 })],
    ['a number as text', 422, '#/epochs', () => ({ epochs: '3' })],
    ['null', 422, '#/epochs', () => ({ epochs: null })],
    ['batchSize', 422, '#/batchSize', () => ({ batchSize: 257 })],
    ['learningRate 0', 422, '#/learningRate', () => ({ learningRate: 0 })],
    ['learningRate', 422, '#/learningRate', () => ({ learningRate: 0.011 })],
    ['maxLength', 422, '#/maxLength', () => ({ maxLength: 7 })],
    ['maxLength as a word', 422, '#/maxLength', () => ({ maxLength: 'long' })],
    ['warmupRatio', 422, '#/warmupRatio', () => ({ warmupRatio: -0.1 })],
    ['weightDecay', 422, '#/weightDecay', () => ({ weightDecay: 2 })],
    ['dropout', 422, '#/dropout', () => ({ dropout: 0.95 })],
    ['maxGradientNorm', 422, '#/maxGradientNorm', () => ({ maxGradientNorm: 0 })],
    ['seed', 422, '#/seed', () => ({ seed: 2 ** 31 })],
    ['validationFraction', 422, '#/validationFraction', () => ({ validationFraction: 0.6 })],
    ['promote', 422, '#/promote', () => ({ promote: 'maybe' })],
    ['schedule', 422, '#/schedule', () => ({ schedule: 'polynomial' })],
    ['classWeights', 422, '#/classWeights', () => ({ classWeights: [1, 2, 3] })],
    ['an average of more epochs than there are', 422, '#/weightAveraging', () => ({ weightAveraging: 4 })],
    ['R-Drop without dropout', 422, '#/rDrop', () => ({ rDrop: 1, dropout: 0 })],
    ['more new layers than there are', 422, '#/reinitializedLayers', () => ({ reinitializedLayers: 3 })],
    [
      'thousands of evaluations',
      422,
      '#/evaluationSteps',
      () => ({ evaluationSteps: 1, batchSize: 1, epochs: 20 }),
    ],
    ['name', 422, '#/name', () => ({ name: '' })],
    ['a name with a line break', 422, '#/name', () => ({ name: 'a\nb' })],
    ['a long name', 422, '#/name', () => ({ name: 'x'.repeat(201) })],
    ['an unknown field', 422, '#/epoch', () => ({ epoch: 3 })],
    ['a list as baseModel', 422, '#/baseModel', () => ({ baseModel: [] })],
    ['an unknown base model', 422, '#/baseModel', () => ({ baseModel: 'no-such-model' })],
    [
      'a base model outside of the folder',
      422,
      '#/baseModel',
      () => ({ baseModel: '../base-models/tiny-bert' }),
    ],
    ['a damaged base model', 422, '#/baseModel', () => ({ baseModel: 'damaged' })],
    ['an unknown dataset', 404, undefined, () => ({ datasetId: missing })],
    ['an unknown validation set', 404, undefined, () => ({ validationDatasetId: missing })],
    ['no dataset', 422, '#/datasetId', () => ({ datasetId: undefined })],
    ['a dataset of one class', 422, '#/datasetId', () => ({ datasetId: oneClass.id })],
    [
      'a fraction beside a validation set',
      422,
      '#/validationFraction',
      () => ({ validationDatasetId: dataset.id, validationFraction: 0.2 }),
    ],
  ])('refuses %s', async (_what, status, pointer, change) => {
    const body = { datasetId: dataset.id, baseModel: 'tiny-bert', ...change() };
    const problem = await problemOf(await request(service, 'POST', '/train', body), status);
    if (pointer) expect(problem.errors?.map((error) => error.pointer)).toEqual([pointer]);
    await nothingWasMade();
  });

  it('takes a validation set of one class', async () => {
    const { id } = await trainJson(service, { ...quick(dataset), validationDatasetId: oneClass.id });
    const ended = await untilEnded(service, id);
    expect(ended).toMatchObject({ status: 'succeeded', epochs: [{ mcc: 0 }] });
    await request(service, 'DELETE', '/aliases/production');
    expect((await request(service, 'DELETE', `/models/${ended.modelId}`)).status).toBe(204);
    expect((await request(service, 'DELETE', `/train/${id}`)).status).toBe(204);
    await nothingWasMade();
  });

  it('refuses a job that the engine cannot hold, before it starts', async () => {
    const long = `${'The cat saw the dog and '.repeat(6)}left.\t1\nCat the left.\t0\n`.repeat(80);
    const { id } = await uploadText(service, long);
    const body = { datasetId: id, baseModel: 'bert-base-uncased', batchSize: 128 };
    const problem = await problemOf(await request(service, 'POST', '/train', body), 422);
    expect(problem.errors).toMatchObject([{ pointer: '#/batchSize' }]);
    expect(problem.detail).toMatch(
      /128 × 39 tokens needs about .* GiB.*gradientAccumulationSteps.*native TensorFlow/,
    );
    expect((await request(service, 'DELETE', `/datasets/${id}`)).status).toBe(204);
    await nothingWasMade();
  });

  it('fails a run whose maxLength is more than the model reads', async () => {
    const { id } = await trainJson(service, { ...quick(dataset), maxLength: 65 });
    expect(await untilEnded(service, id)).toMatchObject({
      status: 'failed',
      modelId: null,
      error: { detail: expect.stringMatching(/65.*tiny-bert reads 64 tokens/) },
    });
    expect((await request(service, 'DELETE', `/train/${id}`)).status).toBe(204);
    await nothingWasMade();
  });

  it.each<[string, number, (form: FormData) => void]>([
    ['a bad field after the file', 422, (form) => form.set('epochs', 'many')],
    ['an unknown field', 422, (form) => form.set('epoch', '3')],
    ['an unknown file', 422, (form) => form.set('trainingFile', new Blob(['x\t1\n']), 'x.tsv')],
    ['a validation file that is none', 422, (form) => form.set('validationFile', new Blob(['x']), 'x.tsv')],
    ['a file beside a datasetId', 422, (form) => form.set('datasetId', dataset.id)],
    ['an unknown validation set', 404, (form) => form.set('validationDatasetId', missing)],
    ['binary junk', 422, (form) => form.set('file', new Blob([new Uint8Array(1000).fill(0xff)]), 'x.tsv')],
    [
      'one class only',
      422,
      (form) => form.set('file', new Blob(['The cat sat.\t1\nA cat sat.\t1\n']), 'x.tsv'),
    ],
    [
      'two rows without a validation set',
      422,
      (form) => form.set('file', new Blob(['A b.\t1\nB a.\t0\n']), 'x.tsv'),
    ],
    ['a format after the file', 422, (form) => form.set('format', 'csv')],
    ['a text as the file', 422, (form) => form.set('file', 'practice.tsv')],
    ['no file', 422, (form) => form.delete('file')],
    ['a file over the limit', 413, (form) => form.set('file', new Blob([practiceRows(4000, 7)]), 'x.tsv')],
  ])('keeps nothing of a form with %s', async (_what, status, change) => {
    const form = new FormData();
    form.set('file', new Blob([practiceRows(100, 7)]), 'practice.tsv');
    form.set('baseModel', 'tiny-bert');
    change(form);
    await problemOf(await fetch(`${service.url}/train`, { method: 'POST', body: form }), status);
    await nothingWasMade();
  });

  it('refuses other content types and broken JSON', async () => {
    const send = (type: string, body: string) =>
      fetch(`${service.url}/train`, { method: 'POST', body, headers: { 'content-type': type } });
    await problemOf(await send('text/plain', 'train'), 415);
    await problemOf(await send('application/json', '{"datasetId":'), 400);
    await problemOf(await send('application/json', '[]'), 422);
    await problemOf(await send('multipart/form-data; boundary=x', '--x\r\nnothing'), 400);
    await nothingWasMade();
  });

  it('refuses a list that cannot be', async () => {
    await problemOf(await request(service, 'GET', '/train?status=lost'), 422);
    await problemOf(await request(service, 'GET', '/train?limit=0'), 422);
    await problemOf(await request(service, 'GET', '/train/run_0'), 404);
  });

  async function nothingWasMade(): Promise<void> {
    const datasets = await get<DatasetPageDto>(service, '/datasets');
    expect(datasets.items.map(({ id }) => id)).toEqual([oneClass.id, dataset.id]);
    expect((await get<RunPageDto>(service, '/train')).items).toEqual([]);
    expect((await get<ModelPageDto>(service, '/models')).items).toEqual([]);
    expect(readdirSync(path.join(service.data, 'staging'))).toEqual([]);
  }
});
