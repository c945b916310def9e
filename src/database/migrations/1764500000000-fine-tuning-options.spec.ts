import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetEntity } from '../../datasets/dataset.entity.js';
import { ModelVersionEntity } from '../../models/model-version.entity.js';
import { RunEventEntity } from '../../training/run-event.entity.js';
import { RUN_ROW_VERSION, RunEntity } from '../../training/run.entity.js';
import { dataSourceOptions } from '../data-source.js';
import { InitialSchema1764000000000 } from './1764000000000-initial-schema.js';

describe('FineTuningOptions', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-migration-'));
  const options = dataSourceOptions(path.join(folder, 'test.sqlite'));
  let dataSource: DataSource;

  const hyperparameters = { epochs: 2, batchSize: 32, learningRate: 3e-5, seed: 42 };
  const figures = { rows: 10, loss: 0.4, accuracy: 0.8, mcc: 0.5, confusionMatrix: {} };
  const epochs = [1, 2].map((epoch) => ({
    epoch,
    trainingLoss: 0.5 / epoch,
    trainingSeconds: 9,
    validation: { ...figures, mcc: epoch / 4 },
    best: true,
  }));
  const metrics = {
    bestEpoch: 2,
    best: epochs[1]!.validation,
    epochs: epochs.map(({ best: _best, ...epoch }) => epoch),
  };

  /** What the first release stored: a dataset, a run that came to its end with its events, one that waits, and a model. */
  beforeAll(async () => {
    const before = new DataSource({ ...options, migrations: [InitialSchema1764000000000] });
    await before.initialize();
    const insert = (table: string, row: Record<string, unknown>) => {
      const values = Object.values(row).map((value) =>
        typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
      );
      const names = Object.keys(row).map((name) => `"${name}"`);
      return before.query(
        `INSERT INTO "${table}" (${names.join()}) VALUES (${names.map(() => '?').join()})`,
        values,
      );
    };
    const created_at = '2026-11-23T10:00:00.000Z';
    await insert('datasets', {
      ...{ id: 'ds_1', name: 'n', content_hash: 'h', rows: 110, acceptable: 70, unacceptable: 40 },
      ...{ statistics: {}, problems: [], bytes: 1, created_at },
    });
    const run = { dataset_id: 'ds_1', base_model: 'tiny', hyperparameters, promote: 'auto', created_at };
    const plan = { trainingRows: 100, validationRows: 10 };
    await insert('runs', { ...run, id: 'run_1', status: 'succeeded', plan, total_steps: 8, step: 8, epochs });
    await insert('runs', { ...run, id: 'run_2', status: 'queued', epochs: [] });
    await insert('run_events', { run_id: 'run_1', sequence: 1, type: 'epoch', data: epochs[0]!, created_at });
    await insert('models', {
      ...{
        id: 'mdl_1',
        name: 'n',
        run_id: 'run_1',
        base_model: 'tiny',
        hyperparameters,
        metrics,
        created_at,
      },
      dataset: { id: 'ds_1', name: 'n', contentHash: 'h', rows: 110 },
      validation: { datasetId: null, contentHash: 'v', rows: 10, fraction: 0.1 },
      ...{ engine: 'wasm', config: {}, promotion: {}, files: [], bytes: 1 },
    });
    await before.destroy();

    const entities = [DatasetEntity, RunEntity, RunEventEntity, ModelVersionEntity];
    dataSource = await new DataSource({ ...options, entities }).initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  const off = {
    gradientAccumulationSteps: 1,
    schedule: 'linear',
    layerwiseLearningRateDecay: 1,
    labelSmoothing: 0,
    classWeights: null,
    rDrop: 0,
    reinitializedLayers: 0,
    weightAveraging: 0,
    evaluationSteps: null,
    earlyStoppingPatience: null,
  };
  const evaluations = [
    { step: 4, epoch: 1, averaged: false, validation: epochs[0]!.validation },
    { step: 8, epoch: 2, averaged: false, validation: epochs[1]!.validation },
  ];

  it('keeps runs with their events, and tells their evaluations', async () => {
    const runs = dataSource.getRepository(RunEntity);
    expect(await runs.findOneByOrFail({ id: 'run_1' })).toMatchObject({
      version: RUN_ROW_VERSION,
      status: 'succeeded',
      step: 8,
      hyperparameters: { ...hyperparameters, ...off },
      epochs,
      evaluations: evaluations.map((evaluation) => ({ ...evaluation, best: true })),
      stoppedEarly: null,
    });
    expect(await runs.findOneByOrFail({ id: 'run_2' })).toMatchObject({
      hyperparameters: { ...hyperparameters, ...off },
      evaluations: [],
    });
    expect(await dataSource.getRepository(RunEventEntity).find()).toMatchObject([
      { runId: 'run_1', sequence: 1, type: 'epoch', data: epochs[0] },
    ]);
  });

  it('keeps models', async () => {
    const [model] = await dataSource.getRepository(ModelVersionEntity).find();
    expect(model).toMatchObject({
      hyperparameters: { ...hyperparameters, ...off },
      metrics: { ...metrics, averaged: false, evaluations, stoppedEarly: null },
    });
  });

  it('can be taken back', async () => {
    // With all that came after it.
    for (const _migration of dataSource.migrations.slice(1)) await dataSource.undoLastMigration();
    const [run] = await dataSource.query(`SELECT * FROM "runs" WHERE "id" = 'run_1'`);
    expect(run).toMatchObject({ version: 1, status: 'succeeded', epochs: JSON.stringify(epochs) });
    expect(JSON.parse(run.hyperparameters)).toEqual(hyperparameters);
    expect(run).not.toHaveProperty('evaluations');
    const [model] = await dataSource.query(`SELECT * FROM "models"`);
    expect(JSON.parse(model.metrics)).toEqual(metrics);
    expect(await dataSource.query(`SELECT COUNT(*) AS "count" FROM "run_events"`)).toEqual([{ count: 1 }]);
  });
});
