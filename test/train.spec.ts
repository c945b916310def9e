import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalibrationQualityDto, RunDto } from '../packages/client/src/index.js';
import { nativeEngine } from './support/engines.js';
import { practiceRows } from './support/practice-rows.js';
import type { RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';
import { startTrainer, tinyBaseModels } from './support/trainer.js';

const baseModels = tinyBaseModels();

const preferences = [
  ['tensorflow', nativeEngine ?? 'tensorflow'],
  ['wasm', 'wasm'],
];

describe.each(preferences)('training on %s', { timeout: 180_000 }, (engine, preference) => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startTrainer(baseModels, { settings: { WELLFORMED_ENGINE: preference } });
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
    return service.client.events(run.id);
  });

  const trained = shared(async () => {
    await followed();
    const { run } = await queued();
    return service.client.run(run.id);
  });

  /** The metrics page when the service has trained this one run. */
  const metricsOfFirst = shared(async () => {
    await trained();
    // The gauges of a training under way go a moment after its end is stored.
    const page = () => service.client.text('/metrics');
    await expect.poll(page).not.toMatch(/^wellformed_training_loss /m);
    return page();
  });

  const trainedOnUploads = shared(async () => {
    await metricsOfFirst();
    const [training, validation] = await Promise.all([
      service.client.uploadPractice(480, 2),
      service.client.uploadPractice(90, 3),
    ]);
    const started = await service.client.start({
      datasetId: training.id,
      validationDatasetId: validation.id,
      baseModel: 'tiny-bert',
      epochs: 3,
      learningRate: 1e-3,
      maxLength: 24,
      name: 'Second',
      promote: 'never',
    });
    return { validation, started, ended: await service.client.untilEnded(started.id) };
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
    const types = events.map(({ type }) => type);
    expect(types).toEqual(
      expect.arrayContaining(['status', 'phase', 'engine', 'plan', 'step', 'evaluation', 'epoch']),
    );
    expect(events.filter((event) => event.type === 'phase').map(({ data }) => data.phase)).toEqual([
      'downloading',
      'preparing',
      'training',
      'exporting',
    ]);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'status', data: { status: 'succeeded' } });
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
    const all = await service.client.events(run.id);
    expect(await service.client.events(run.id, 5)).toEqual(all.slice(5));
    const after = (id: number) =>
      service.client.request('GET', `/train/${run.id}/events`, undefined, { 'last-event-id': String(id) });
    const stream = await after(5);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await stream.text()).toMatch(/^id: 6$/m);
    expect((await after(all.length)).status).toBe(204);
  });

  it('keeps the loss curve', async () => {
    const run = await trained();
    const { points, epochs, evaluations } = await service.client.api.training.metrics({
      path: { id: run.id },
    });
    expect(points[0]).toMatchObject({ step: 1, epoch: 1, loss: expect.any(Number), learningRate: 0 });
    expect(points.at(-1)!.step).toBe(162);
    const few = await service.client.api.training.metrics({ path: { id: run.id }, query: { points: 3 } });
    expect(few.points).toHaveLength(Math.min(3, points.length));
    expect([few.points[0], few.points.at(-1)]).toEqual([points[0], points.at(-1)]);
    expect(points.map(({ step }) => step)).toEqual(points.map(({ step }) => step).toSorted((a, b) => a - b));
    expect(epochs).toEqual(run.epochs);
    expect(evaluations).toEqual(run.evaluations);
  });

  it('registers a model that judges', async () => {
    const run = await trained();
    const model = await service.client.model(run.modelId!);
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
    const judge = async (sentence: string) => (await service.client.judge(sentence)).acceptable;
    expect(await judge('The cat saw the dog.')).toBe(true);
    expect(await judge('Cat the saw the dog.')).toBe(false);
  });

  it('assesses both precisions as they are served', async () => {
    const { modelId } = await trained();
    const { serving, metrics, validation } = await service.client.model(modelId!);
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

    const card = await service.client.modelCard(modelId!);
    expect(card).toContain(`| int8 | ${variants.int8.evaluation.mcc.toFixed(4)} |`);
    const page = await service.client.text('/metrics');
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
    const model = await service.client.model(ended.modelId!);
    expect(model).toMatchObject({
      name: 'Second',
      aliases: [],
      validation: { datasetId: validation.id, fraction: null },
    });
  });

  it('keeps the weights of the best epoch', async () => {
    const { modelId } = (await trainedOnUploads()).ended;
    const { id, validation, metrics, serving } = await service.client.model(modelId!);
    const { int8 } = serving!.variants;
    for (const [precision, { loss, ...counted }] of [
      ['fp32', metrics.best],
      ['int8', int8.evaluation],
    ] as const) {
      const started = await service.client.evaluate(id, { datasetId: validation.datasetId!, precision });
      const evaluation = await service.client.untilEvaluated(started);
      expect(evaluation.result).toMatchObject(counted);
      expect(evaluation.result!.loss).toBeCloseTo(loss, 4);
    }
  });

  it('refuses to delete what something descends from', async () => {
    const run = await trained();
    const refused = await service.client.problem(409, 'DELETE', `/train/${run.id}`);
    expect(refused.detail).toContain(`DELETE /models/${run.modelId}`);
    const used = await service.client.problem(409, 'DELETE', `/datasets/${run.datasetId}`);
    expect(used.detail).toContain(run.id);
  });
});
