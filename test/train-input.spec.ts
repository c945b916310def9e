import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto } from '../packages/client/src/index.js';
import { problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import type { RunningService } from './support/service-process.js';
import { quick, startTrainer, tinyBaseModels, tinyBert } from './support/trainer.js';

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
    const options = {
      ...{
        batchSize: 8,
        gradientAccumulationSteps: 2,
        schedule: 'cosine' as const,
        layerwiseLearningRateDecay: 0.9,
      },
      ...{ labelSmoothing: 0.1, rDrop: 0.5, reinitializedLayers: 1, weightAveraging: 2, evaluationSteps: 10 },
    };
    const { id } = await service.client.start({
      ...{ ...options, classWeights: [2, 1], epochs: 3, learningRate: 1e-3 },
      file: practiceRows(240, 8),
    });
    const ended = await service.client.untilEnded(id);
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

    expect(await service.client.eventData(id, 'evaluation')).toEqual(ended.evaluations);

    const model = await service.client.model(ended.modelId!);
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
    const card = await service.client.modelCard(ended.modelId!);
    expect(card).toContain('| average');
    expect(card).toContain('| labelSmoothing | 0.1 |');
    expect(card).toContain('cosine decay');
  });

  it('stops early, says why, and keeps the best', async () => {
    const dataset = await service.client.uploadPractice(120, 9);
    const { id } = await service.client.start({
      ...{ datasetId: dataset.id, baseModel: 'tiny-bert', epochs: 20, learningRate: 1e-12 },
      ...{ evaluationSteps: 2, earlyStoppingPatience: 3 },
    });
    const ended = await service.client.untilEnded(id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      totalSteps: 80,
      stoppedEarly: expect.stringMatching(/^The MCC has not risen above .* \(step 2\) in 3 evaluations\.$/),
      progress: 1,
    });
    expect(ended.step).toBeLessThan(80);
    expect(ended.evaluations.map(({ best }) => best)).toEqual([true, false, false, false]);
    expect(await service.client.eventData(id, 'stoppedEarly')).toEqual([{ reason: ended.stoppedEarly }]);
    const model = await service.client.model(ended.modelId!);
    expect(model.metrics.stoppedEarly).toBe(ended.stoppedEarly);
    expect(await service.client.modelCard(ended.modelId!)).toContain(ended.stoppedEarly);
  });
});

describe('bad input', () => {
  let service: RunningService;
  let dataset: DatasetDto;
  let oneClass: DatasetDto;

  beforeAll(async () => {
    // On this engine a job can be too large.
    service = await startTrainer(baseModels, { settings: { WELLFORMED_MAX_UPLOAD_BYTES: '64 KiB' } });
    dataset = await service.client.uploadPractice(100, 6);
    oneClass = await service.client.upload('The cat sat.\t1\nThe dog sat.\t1\n');
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
    const problem = await service.client.problem(status, 'POST', '/train', body);
    if (pointer) expect(problem.errors?.map((error) => error.pointer)).toEqual([pointer]);
    await nothingWasMade();
  });

  it('takes a validation set of one class', async () => {
    const { id } = await service.client.start({ ...quick(dataset), validationDatasetId: oneClass.id });
    const ended = await service.client.untilEnded(id);
    expect(ended).toMatchObject({ status: 'succeeded', epochs: [{ mcc: 0 }] });
    await service.client.request('DELETE', '/aliases/production');
    expect((await service.client.request('DELETE', `/models/${ended.modelId}`)).status).toBe(204);
    expect((await service.client.request('DELETE', `/train/${id}`)).status).toBe(204);
    await nothingWasMade();
  });

  it('refuses a job that the engine cannot hold, before it starts', async () => {
    const long = `${'The cat saw the dog and '.repeat(6)}left.\t1\nCat the left.\t0\n`.repeat(80);
    const { id } = await service.client.upload(long);
    const body = { datasetId: id, baseModel: 'bert-base-uncased', batchSize: 128 };
    const problem = await service.client.problem(422, 'POST', '/train', body);
    expect(problem.errors).toMatchObject([{ pointer: '#/batchSize' }]);
    expect(problem.detail).toMatch(
      /128 × 39 tokens needs about .* GiB.*gradientAccumulationSteps.*native TensorFlow/,
    );
    expect((await service.client.request('DELETE', `/datasets/${id}`)).status).toBe(204);
    await nothingWasMade();
  });

  it('fails a run whose maxLength is more than the model reads', async () => {
    const { id } = await service.client.start({ ...quick(dataset), maxLength: 65 });
    expect(await service.client.untilEnded(id)).toMatchObject({
      status: 'failed',
      modelId: null,
      error: {
        code: 'invalid-hyperparameter',
        message: expect.stringMatching(/65.*tiny-bert reads 64 tokens/),
        param: 'maxLength',
      },
    });
    expect((await service.client.request('DELETE', `/train/${id}`)).status).toBe(204);
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
    await service.client.problem(422, 'GET', '/train?status=lost');
    await service.client.problem(422, 'GET', '/train?limit=0');
    await service.client.problem(404, 'GET', '/train/run_0');
  });

  async function nothingWasMade(): Promise<void> {
    const datasets = await service.client.api.datasets.list();
    expect(datasets.items.map(({ id }) => id)).toEqual([oneClass.id, dataset.id]);
    expect((await service.client.api.training.list()).items).toEqual([]);
    expect((await service.client.api.models.list()).items).toEqual([]);
    expect(readdirSync(path.join(service.data, 'staging'))).toEqual([]);
  }
});
