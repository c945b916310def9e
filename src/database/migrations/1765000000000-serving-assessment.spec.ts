import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetEntity } from '../../datasets/dataset.entity.js';
import { EvaluationEntity } from '../../models/evaluation.entity.js';
import { ModelVersionEntity } from '../../models/model-version.entity.js';
import { RunEntity } from '../../training/run.entity.js';
import { dataSourceOptions } from '../data-source.js';
import { InitialSchema1764000000000 } from './1764000000000-initial-schema.js';
import { FineTuningOptions1764500000000 } from './1764500000000-fine-tuning-options.js';
import { ServingAssessment1765000000000 } from './1765000000000-serving-assessment.js';

describe('ServingAssessment', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-migration-'));
  const options = {
    ...dataSourceOptions(path.join(folder, 'test.sqlite')),
    entities: [DatasetEntity, RunEntity, ModelVersionEntity, EvaluationEntity],
  };
  const earlier = [InitialSchema1764000000000, FineTuningOptions1764500000000];
  let dataSource: DataSource;

  beforeAll(async () => {
    const before = await new DataSource({ ...options, migrations: earlier }).initialize();
    const created = '2026-11-23T10:00:00.000Z';
    await before.query(
      `INSERT INTO "models" ("id", "name", "base_model", "dataset", "validation", "hyperparameters", "engine", "config", "metrics",
        "promotion", "files", "bytes", "created_at")
       VALUES ('mdl_1', 'n', 'tiny', '{}', '{}', '{}', 'wasm', '{}', '{}', '{}', '[]', 7, '${created}')`,
    );
    await before.query(
      `INSERT INTO "evaluations" ("id", "model_id", "dataset_name", "content_hash", "status", "result", "created_at")
       VALUES ('evl_1', 'mdl_1', 'd', 'h', 'succeeded', '{"mcc":0.5}', '${created}')`,
    );
    await before.destroy();
    const migrations = [...earlier, ServingAssessment1765000000000];
    dataSource = await new DataSource({ ...options, migrations }).initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  it('keeps models, which have float32 alone, and their evaluations', async () => {
    // Not through the entities, which have columns of later migrations.
    const [model] = await dataSource.query(`SELECT * FROM "models"`);
    expect(model).toMatchObject({ id: 'mdl_1', name: 'n', bytes: 7, serving: null });
    const [evaluation] = await dataSource.query(`SELECT * FROM "evaluations"`);
    expect(evaluation).toMatchObject({
      id: 'evl_1',
      precision: 'fp32',
      status: 'succeeded',
      result: '{"mcc":0.5}',
    });
  });

  it('can be taken back', async () => {
    await dataSource.undoLastMigration();
    const [model] = await dataSource.query(`SELECT * FROM "models"`);
    expect(model).toMatchObject({ id: 'mdl_1', bytes: 7 });
    expect(model).not.toHaveProperty('serving');
    const [evaluation] = await dataSource.query(`SELECT * FROM "evaluations"`);
    expect(evaluation).toMatchObject({ id: 'evl_1', result: '{"mcc":0.5}' });
    expect(evaluation).not.toHaveProperty('precision');
  });
});
