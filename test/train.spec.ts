import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, DatasetPageDto } from '../src/datasets/dto/dataset.dto.js';
import type { EvaluationDto } from '../src/models/dto/evaluation.dto.js';
import type { ModelDto, ModelPageDto } from '../src/models/dto/model.dto.js';
import type { CalibrationQualityDto } from '../src/models/dto/serving.dto.js';
import type { RunDto, RunMetricsDto, RunPageDto } from '../src/training/dto/run.dto.js';
import { nativeEngine } from './support/engines.js';
import { problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';

/*
 * Trains the tiny BERT of the goldens through HTTP, in the service as it is built, on sentences whose first two words are in
 * order ("The cat …") or not ("Cat the …"): something that it learns in a few epochs.
 */

const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-train-'));
const baseModels = path.join(folder, 'base-models');

beforeAll(() => {
  const tinyBert = fileURLToPath(new URL('./goldens/tiny-bert/', import.meta.url));
  cpSync(tinyBert, path.join(baseModels, 'tiny-bert'), { recursive: true });
  cpSync(tinyBert, path.join(baseModels, 'damaged'), { recursive: true });
  writeFileSync(path.join(baseModels, 'damaged', 'model.safetensors'), 'not tensors');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const preferences = [
  ['tensorflow', nativeEngine ?? 'tensorflow'],
  ['wasm', 'wasm'],
];

describe.each(preferences)('training on %s', { timeout: 180_000 }, (engine, preference) => {
  let service: RunningService;

  beforeAll(async () => {
    service = await start({ settings: { WELLFORMED_ENGINE: preference } });
  });
  afterAll(() => service.stop());

  const queued = shared(async () => {
    const form = new FormData();
    form.set('epochs', '6');
    form.set('learningRate', '1e-3');
    form.set('file', new Blob([practiceRows(480, 1)]), 'practice.tsv');
    form.set('baseModel', 'tiny-bert');
    form.set('batchSize', '16');
    form.set('seed', '');
    const response = await fetch(`${service.url}/train`, { method: 'POST', body: form });
    expect(response.status).toBe(202);
    return { run: (await response.json()) as RunDto, location: response.headers.get('location') };
  });

  /** The same run, followed from its start to its end. */
  const followed = shared(async () => {
    const { run } = await queued();
    const following = await fetch(`${service.url}/train/${run.id}/events`);
    expect(following.headers.get('content-type')).toMatch(/^text\/event-stream/);
    return parseEvents(await following.text());
  });

  const trained = shared(async () => {
    await followed();
    const { run } = await queued();
    return get<RunDto>(service, `/train/${run.id}`);
  });

  /** The metrics page when the service has trained this one run. */
  const metricsOfFirst = shared(async () => {
    await trained();
    // The gauges of a training under way go a moment after its end is stored.
    const page = () => text(service, '/metrics');
    await expect.poll(page).not.toMatch(/^wellformed_training_loss /m);
    return page();
  });

  const trainedOnUploads = shared(async () => {
    await metricsOfFirst();
    const [training, validation] = await Promise.all([upload(service, 480, 2), upload(service, 90, 3)]);
    const started = await trainJson(service, {
      datasetId: training.id,
      validationDatasetId: validation.id,
      baseModel: 'tiny-bert',
      epochs: 3,
      learningRate: 1e-3,
      maxLength: 24,
      name: 'Second',
      promote: 'never',
    });
    return { validation, started, ended: await untilEnded(service, started.id) };
  });

  it('takes a form with fields before and after the file', async () => {
    const { run, location } = await queued();
    expect(location).toBe(`/train/${run.id}`);
    expect(run).toMatchObject({
      status: 'queued',
      baseModel: 'tiny-bert',
      validationDatasetId: null,
      hyperparameters: { epochs: 6, learningRate: 1e-3, batchSize: 16, seed: 42, validationFraction: 0.1 },
    });
  });

  it('learns, and tells how', async () => {
    const events = await followed();
    const types = events.map((event) => event.event);
    expect(types).toEqual(
      expect.arrayContaining(['status', 'phase', 'engine', 'plan', 'step', 'evaluation', 'epoch']),
    );
    expect(events.filter(({ event }) => event === 'phase').map(({ data }) => data.phase)).toEqual([
      'downloading',
      'preparing',
      'training',
      'exporting',
    ]);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ event: 'status', data: { status: 'succeeded' } });
    expect(service.logs()).not.toContain('Warning: Possible');

    const run = await trained();
    expect(run).toMatchObject({
      status: 'succeeded',
      engine,
      step: 162,
      totalSteps: 162,
      epoch: 6,
      progress: 1,
      plan: {
        trainingRows: 432,
        validationRows: 48,
        validationContentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      error: null,
    });
    expect(run.epochs).toHaveLength(6);
    expect(run.epochs.at(-1)!.trainingLoss).toBeLessThan(run.epochs[0]!.trainingLoss / 2);
    expect(Math.max(...run.epochs.map((epoch) => epoch.mcc))).toBeGreaterThan(0.8);
    expect(run.evaluations).toMatchObject(
      run.epochs.map(({ epoch, validationLoss, mcc, best }) => ({
        ...{ step: epoch * 27, epoch, averaged: false, validationLoss, mcc, best },
      })),
    );
    expect(run.stoppedEarly).toBeNull();
    for (const { confusionMatrix: counts } of run.epochs) {
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(48);
    }
    expect(Date.parse(run.finishedAt!)).toBeGreaterThan(Date.parse(run.startedAt!));
  });

  it('goes on with the events after the last one received', async () => {
    const run = await trained();
    const all = parseEvents(await text(service, `/train/${run.id}/events`));
    const later = parseEvents(await text(service, `/train/${run.id}/events`, { 'last-event-id': '5' }));
    expect(later).toEqual(all.slice(5));
    const response = await fetch(`${service.url}/train/${run.id}/events`, {
      headers: { 'last-event-id': String(all.length) },
    });
    expect(response.status).toBe(204);
  });

  it('keeps the loss curve', async () => {
    const run = await trained();
    const { points, epochs, evaluations } = await get<RunMetricsDto>(service, `/train/${run.id}/metrics`);
    expect(points[0]).toMatchObject({ step: 1, epoch: 1, loss: expect.any(Number), learningRate: 0 });
    expect(points.at(-1)!.step).toBe(162);
    const few = await get<RunMetricsDto>(service, `/train/${run.id}/metrics?points=3`);
    expect(few.points).toHaveLength(Math.min(3, points.length));
    expect([few.points[0], few.points.at(-1)]).toEqual([points[0], points.at(-1)]);
    expect(points.map(({ step }) => step)).toEqual(points.map(({ step }) => step).toSorted((a, b) => a - b));
    expect(epochs).toEqual(run.epochs);
    expect(evaluations).toEqual(run.evaluations);
  });

  it('registers a model that judges', async () => {
    const run = await trained();
    const model = await get<ModelDto>(service, `/models/${run.modelId}`);
    const best = Math.max(...run.epochs.map((epoch) => epoch.mcc));
    expect(model).toMatchObject({
      runId: run.id,
      baseModel: 'tiny-bert',
      name: 'tiny-bert on practice',
      aliases: ['production'],
      engine,
      dataset: { id: run.datasetId, name: 'practice', rows: 480 },
      validation: { datasetId: null, rows: 48, fraction: 0.1, contentHash: run.plan!.validationContentHash },
      hyperparameters: { epochs: 6, maxLength: run.plan!.maxLength },
      metrics: { best: { mcc: best, rows: 48 } },
      config: {
        architectures: ['BertForSequenceClassification'],
        id2label: { 0: 'unacceptable', 1: 'acceptable' },
        hidden_size: 32,
      },
    });
    expect(model.files.map(({ name }) => name)).toEqual([
      'README.md',
      'config.json',
      'model.int8.onnx',
      'model.int8.onnx.data',
      'model.onnx',
      'model.safetensors',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
    const judge = async (sentence: string) => {
      const response = await fetch(`${service.url}/predict`, { method: 'POST', body: sentence });
      return ((await response.json()) as { acceptable: boolean }).acceptable;
    };
    expect(await judge('The cat saw the dog.')).toBe(true);
    expect(await judge('Cat the saw the dog.')).toBe(false);
  });

  it('assesses both precisions as they are served', async () => {
    const { modelId } = await trained();
    const { serving, metrics, validation } = await get<ModelDto>(service, `/models/${modelId}`);
    const { variants, auto } = serving!;
    expect(serving).toMatchObject({ sentences: 40, threads: expect.any(Number) });
    expect(variants.fp32.evaluation.confusionMatrix).toEqual(metrics.best.confusionMatrix);
    expect(variants.fp32.evaluation.loss).toBeCloseTo(metrics.best.loss, 4);
    expect(variants.int8.evaluation.mcc).toBeGreaterThan(0.7);
    for (const { evaluation, bytes, medianSeconds, calibration, threshold } of Object.values(variants)) {
      expect(evaluation.rows).toBe(validation.rows);
      expect(bytes).toBeGreaterThan(20_000);
      expect(medianSeconds).toBeGreaterThan(0);
      const { temperature, before, after } = calibration;
      const qualities = [before, after].flatMap((one) => [one.loss, one.expectedCalibrationError]);
      expect([temperature, ...qualities, threshold.after.mcc].every(Number.isFinite)).toBe(true);
      for (const { bins, expectedCalibrationError } of [before, after] as CalibrationQualityDto[]) {
        expect(bins!.reduce((sum, { rows }) => sum + rows, 0)).toBe(validation.rows);
        const distances = bins!.map(
          ({ rows, confidence, accuracy }) => rows * Math.abs(confidence - accuracy),
        );
        const distance = distances.reduce((sum, one) => sum + one, 0) / validation.rows;
        expect(distance).toBeCloseTo(expectedCalibrationError, 12);
      }
      expect(threshold.threshold).toBeGreaterThan(0);
      expect(threshold.threshold).toBeLessThan(1);
    }
    const loss = variants.fp32.evaluation.mcc - variants.int8.evaluation.mcc;
    expect(auto.variant).toBe(loss <= 0.005 ? 'int8' : 'fp32');
    expect(auto.reason).toContain(`${variants.int8.evaluation.mcc.toFixed(4)} with int8`);

    const card = await text(service, `/models/${modelId}/files/README.md`);
    expect(card).toContain(`| int8 | ${variants.int8.evaluation.mcc.toFixed(4)} |`);
    const page = await text(service, '/metrics');
    for (const precision of ['fp32', 'int8'] as const) {
      const { evaluation, calibration } = variants[precision];
      const labels = `alias="production",precision="${precision}"`;
      expect(page).toContain(`wellformed_model_serving_mcc{${labels}} ${evaluation.mcc}\n`);
      const { before, after, used } = calibration;
      for (const [when, quality] of Object.entries({ before, after: used ? after : before })) {
        expect(page).toContain(
          `wellformed_model_expected_calibration_error{${labels},calibration="${when}"} ` +
            `${quality.expectedCalibrationError}\n`,
        );
      }
    }
  });

  it('shows runs, steps and MCC in the metrics', async () => {
    const page = await metricsOfFirst();
    expect(page).toContain('wellformed_runs{status="succeeded"} 1\n');
    expect(page).toContain('wellformed_training_steps_total 162\n');
    expect(page).toContain('wellformed_training_examples_total 2592\n');
    expect(page).toContain('wellformed_training_queue_length 0\n');
    expect(page).toContain('wellformed_training_queue_seconds_count 1\n');
    expect(page).toContain('wellformed_run_duration_seconds_count{status="succeeded"} 1\n');
    expect(page).toContain('wellformed_stored_folders{kind="models"} 1\n');
    expect(page).toMatch(/^wellformed_model_mcc\{alias="production"\} [01]/m);
    expect(page).not.toMatch(/^wellformed_training_loss /m);
  });

  it('trains and validates on uploaded datasets, once more in the same process', async () => {
    const { validation, started, ended } = await trainedOnUploads();
    expect(started.hyperparameters.validationFraction).toBeNull();
    expect(ended).toMatchObject({
      status: 'succeeded',
      plan: {
        maxLength: 24,
        trainingRows: 480,
        validationRows: 90,
        validationContentHash: validation.contentHash,
      },
    });
    const model = await get<ModelDto>(service, `/models/${ended.modelId}`);
    expect(model).toMatchObject({
      name: 'Second',
      aliases: [],
      validation: { datasetId: validation.id, fraction: null },
    });
  });

  it('keeps the weights of the best epoch', async () => {
    const { modelId } = (await trainedOnUploads()).ended;
    const { id, validation, metrics, serving } = await get<ModelDto>(service, `/models/${modelId}`);
    const { int8 } = serving!.variants;
    for (const [precision, { loss, ...counted }] of [
      ['fp32', metrics.best],
      ['int8', int8.evaluation],
    ] as const) {
      const body = { datasetId: validation.datasetId!, precision };
      const asked = await request(service, 'POST', `/models/${id}/evaluations`, body);
      let evaluation = (await asked.json()) as EvaluationDto;
      while (evaluation.status === 'queued' || evaluation.status === 'running') {
        await delay(100);
        evaluation = await get<EvaluationDto>(service, `/models/${id}/evaluations/${evaluation.id}`);
      }
      expect(evaluation.result).toMatchObject(counted);
      expect(evaluation.result!.loss).toBeCloseTo(loss, 4);
    }
  });

  it('refuses to delete what something descends from', async () => {
    const run = await trained();
    const refused = await problemOf(await request(service, 'DELETE', `/train/${run.id}`), 409);
    expect(refused.detail).toContain(`DELETE /models/${run.modelId}`);
    const used = await problemOf(await request(service, 'DELETE', `/datasets/${run.datasetId}`), 409);
    expect(used.detail).toContain(run.id);
  });
});

describe('the options of a training', { timeout: 180_000 }, () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await start();
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

describe('the queue', { timeout: 180_000 }, () => {
  let service: RunningService;
  let dataset: DatasetDto;

  beforeAll(async () => {
    service = await start();
    dataset = await upload(service, 400, 4);
  });
  afterAll(() => service.stop());

  /** A run that ended as it should, on files in the other formats. */
  const trainedOnFiles = shared(async () => {
    const rows = practiceRows(60, 9)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]);
    const form = new FormData();
    form.set('baseModel', 'tiny-bert');
    form.set('name', ' 😀 cafe\u0301 ');
    form.set(
      'file',
      new Blob([`sentence,label\n${rows.map(([text, label]) => `"${text}",${label}\n`).join('')}`]),
      'a.csv',
    );
    const validation = ['The cat sat.', 'Cat the sat.', 'the cat sat.'].map((sentence, i) =>
      JSON.stringify({ sentence, label: i % 2 }),
    );
    form.set('validationFile', new Blob([validation.join('\n')]), 'b.jsonl');
    const response = await fetch(`${service.url}/train`, { method: 'POST', body: form });
    const text = await response.text();
    expect([response.status, text]).toEqual([202, text]);
    const started = JSON.parse(text) as RunDto;
    return { started, ended: await untilEnded(service, started.id) };
  });

  it('runs one at a time, oldest first, and forgets what is cancelled', async () => {
    const models = async () => (await get<ModelPageDto>(service, '/models')).items.map(({ id }) => id);
    const before = await models();
    const first = await trainJson(service, slow(dataset));
    const second = await trainJson(service, quick(dataset));
    const third = await trainJson(service, quick(dataset));
    await untilTraining(service, first.id);
    expect((await get<RunDto>(service, `/train/${second.id}`)).status).toBe('queued');
    expect(await text(service, '/metrics')).toContain('wellformed_training_queue_length 2\n');
    const list = await get<RunPageDto>(service, '/train?status=queued');
    expect(list.items.map(({ id }) => id)).toEqual([third.id, second.id]);

    for (const id of [first.id, second.id]) {
      const refused = await problemOf(await request(service, 'DELETE', `/train/${id}`), 409);
      expect(refused.detail).toContain(`POST /train/${id}/cancel`);
    }

    const waiting = await request(service, 'POST', `/train/${second.id}/cancel`);
    expect([waiting.status, ((await waiting.json()) as RunDto).status]).toEqual([202, 'cancelled']);
    const asked = performance.now();
    expect((await request(service, 'POST', `/train/${first.id}/cancel`)).status).toBe(202);
    const cancelled = await untilEnded(service, first.id);
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(cancelled).toMatchObject({ status: 'cancelled', modelId: null, error: null });
    expect(cancelled.step).toBeLessThan(cancelled.totalSteps!);

    const { status, modelId } = await untilEnded(service, third.id);
    expect(status).toBe('succeeded');
    expect(readdirSync(path.join(service.data, 'staging'))).toEqual([]);
    expect(await models()).toEqual([modelId, ...before]);
  });

  it('cancels once, and nothing that has ended otherwise', async () => {
    const { ended: succeeded } = await trainedOnFiles();
    const cancelled = await trainJson(service, slow(dataset));
    await cancel(cancelled);
    expect((await request(service, 'POST', `/train/${cancelled.id}/cancel`)).status).toBe(202);
    const refused = await problemOf(await request(service, 'POST', `/train/${succeeded.id}/cancel`), 409);
    expect(refused.detail).toContain('succeeded');
    await problemOf(await request(service, 'POST', '/train/run_01JD3W5M4E7Y2V0N8GQ6T1CXZA/cancel'), 404);
  });

  it('takes CSV and JSON lines, and reports on the validation file too', async () => {
    const { started: run, ended } = await trainedOnFiles();
    expect(run.name).toBe('😀 caf\u00e9');
    const read = (id: string) => get<DatasetDto>(service, `/datasets/${id}`);
    expect(await read(run.datasetId)).toMatchObject({ rows: 60, statistics: { fileFormat: 'csv' } });
    expect(await read(run.validationDatasetId!)).toMatchObject({
      statistics: { fileFormat: 'jsonl' },
      warnings: [{ kind: 'near-duplicates', count: 1, lines: [3] }],
    });
    expect(ended.status).toBe('succeeded');
    expect((await get<ModelDto>(service, `/models/${ended.modelId}`)).name).toBe('😀 caf\u00e9');
  });

  it('deletes what has ended, with its events', async () => {
    const runs = async (query = '') =>
      (await get<RunPageDto>(service, `/train${query}`)).items.map(({ id }) => id);
    const before = await runs();
    const running = await trainJson(service, slow(dataset));
    const waiting = await trainJson(service, quick(dataset));
    await untilTraining(service, running.id);
    await cancel(waiting);
    await cancel(running);
    expect(await runs()).toEqual([waiting.id, running.id, ...before]);
    expect((await runs('?status=cancelled')).slice(0, 2)).toEqual([waiting.id, running.id]);
    for (const { id } of [running, waiting]) {
      expect((await request(service, 'DELETE', `/train/${id}`)).status).toBe(204);
      await problemOf(await request(service, 'GET', `/train/${id}`), 404);
      await problemOf(await request(service, 'GET', `/train/${id}/events`), 404);
    }
    expect(await runs()).toEqual(before);
  });

  async function cancel({ id }: RunDto): Promise<void> {
    expect((await request(service, 'POST', `/train/${id}/cancel`)).status).toBe(202);
    expect((await untilEnded(service, id)).status).toBe('cancelled');
  }
});

describe('a service that ends while it trains', { timeout: 180_000 }, () => {
  it.each(['kill', 'stop'] as const)(
    'shows the run as interrupted and goes on with the queue (%s)',
    async (how) => {
      const data = mkdtempSync(path.join(folder, 'data-'));
      let service = await start({ data });
      const dataset = await upload(service, 400, 5);
      const running = await trainJson(service, slow(dataset));
      const queued = await trainJson(service, quick(dataset));
      await untilTraining(service, running.id);
      const follower = fetch(`${service.url}/train/${running.id}/events`).then((response) => response.text());
      // A power cut breaks it off, maybe before anybody waits for it.
      follower.catch(() => undefined);
      const asked = performance.now();
      await service[how]();
      if (how === 'stop') {
        expect(performance.now() - asked).toBeLessThan(15_000);
        expect(parseEvents(await follower).at(-1)).toMatchObject({
          event: 'status',
          data: { status: 'interrupted' },
        });
      } else {
        await expect(follower).rejects.toThrow();
      }

      service = await start({ data });
      const interrupted = await get<RunDto>(service, `/train/${running.id}`);
      expect(interrupted).toMatchObject({
        status: 'interrupted',
        modelId: null,
        error: { detail: expect.stringContaining('POST /train') },
      });
      expect(interrupted.step).toBeGreaterThan(0);
      expect(interrupted.finishedAt).not.toBeNull();
      expect((await untilEnded(service, queued.id)).status).toBe('succeeded');
      expect(readdirSync(path.join(data, 'staging'))).toEqual([]);
      await service.stop();
    },
  );
});

describe('bad input', () => {
  let service: RunningService;
  let dataset: DatasetDto;
  let oneClass: DatasetDto;

  beforeAll(async () => {
    // On this engine a job can be too large.
    service = await start({ settings: { WELLFORMED_MAX_UPLOAD_BYTES: '64 KiB' } });
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

function start(options: Parameters<typeof startServiceProcess>[0] = {}): Promise<RunningService> {
  return startServiceProcess({
    ...options,
    settings: { WELLFORMED_BASE_MODELS: baseModels, ...options.settings },
  });
}

/** Takes far longer than a test waits. */
function slow({ id }: DatasetDto): Record<string, unknown> {
  return { datasetId: id, baseModel: 'tiny-bert', epochs: 20, batchSize: 1 };
}

function quick({ id }: DatasetDto): Record<string, unknown> {
  return { datasetId: id, baseModel: 'tiny-bert', epochs: 1 };
}

function upload(service: RunningService, rows: number, seed: number): Promise<DatasetDto> {
  return uploadText(service, practiceRows(rows, seed));
}

async function uploadText(service: RunningService, content: string): Promise<DatasetDto> {
  const form = new FormData();
  form.set('file', new Blob([content]), 'rows.tsv');
  const response = await fetch(`${service.url}/datasets`, { method: 'POST', body: form });
  expect(response.status).toBe(201);
  return (await response.json()) as DatasetDto;
}

async function trainJson(service: RunningService, body: object): Promise<RunDto> {
  const response = await request(service, 'POST', '/train', body);
  const answer = await response.text();
  expect([response.status, answer]).toEqual([202, answer]);
  return JSON.parse(answer) as RunDto;
}

function untilEnded(service: RunningService, id: string): Promise<RunDto> {
  return until(service, id, (run) => run.status !== 'queued' && run.status !== 'running');
}

function untilTraining(service: RunningService, id: string): Promise<RunDto> {
  return until(service, id, (run) => run.step > 1);
}

async function until(service: RunningService, id: string, isSo: (run: RunDto) => boolean): Promise<RunDto> {
  for (;;) {
    const run = await get<RunDto>(service, `/train/${id}`);
    if (isSo(run)) return run;
    await delay(100);
  }
}

function request(service: RunningService, method: string, url: string, body?: object): Promise<Response> {
  const json = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  return fetch(service.url + url, { method, ...json });
}

async function get<T>(service: RunningService, url: string): Promise<T> {
  return JSON.parse(await text(service, url)) as T;
}

async function text(
  service: RunningService,
  url: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(service.url + url, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

interface ServerSentEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

function parseEvents(stream: string): ServerSentEvent[] {
  return stream
    .split('\n\n')
    .filter((block) => block.startsWith('id: '))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)![1]!;
      return {
        id: Number(field('id')),
        event: field('event'),
        data: JSON.parse(field('data')) as Record<string, unknown>,
      };
    });
}
