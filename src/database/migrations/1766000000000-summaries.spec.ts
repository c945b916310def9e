import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ModelVersionEntity } from '../../models/model-version.entity.js';
import { DatasetEntity } from '../../datasets/dataset.entity.js';
import { RunEntity } from '../../training/run.entity.js';
import { dataSourceOptions } from '../data-source.js';
import { Summaries1766000000000 } from './1766000000000-summaries.js';

let folder: string;
let dataSource: DataSource;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'wellformed-summaries-'));
  // With entities, as the service has them.
  const entities = [DatasetEntity, RunEntity, ModelVersionEntity];
  dataSource = new DataSource({ ...dataSourceOptions(path.join(folder, 'test.sqlite')), entities });
  await dataSource.initialize();
  await dataSource.query('PRAGMA foreign_keys = OFF');
});

afterEach(async () => {
  await dataSource.destroy();
  rmSync(folder, { recursive: true });
});

/** With all that came after it. */
async function takeBack(): Promise<void> {
  const since = dataSource.migrations.findIndex(({ name }) => name === new Summaries1766000000000().name);
  for (const _migration of dataSource.migrations.slice(since)) await dataSource.undoLastMigration();
}

it('brings the best figures of runs and models that are stored already, and takes them back', async () => {
  await takeBack();
  const evaluations = [0.2, 0.5, 0.4].map((mcc) => ({ step: 1, epoch: 1, validation: { mcc } }));
  const insertRun = (id: string, json: object) =>
    dataSource.query(
      `INSERT INTO runs (id, status, dataset_id, base_model, hyperparameters, promote, epochs, evaluations, created_at)
       VALUES (?, 'failed', 'ds', 'tiny', '{}', 'auto', '[]', ?, '2026-01-01T00:00:00.000Z')`,
      [id, JSON.stringify(json)],
    );
  await insertRun('run_a', evaluations);
  await insertRun('run_b', []);
  const metrics = { best: { mcc: 0.5, rows: 10 }, evaluations };
  await dataSource.query(
    `INSERT INTO models (id, name, base_model, dataset, validation, hyperparameters, engine, config, metrics, promotion, files, bytes, created_at)
     VALUES ('mdl_a', 'a', 'tiny', '{}', '{}', '{}', 'wasm', '{}', ?, '{}', '[]', 1, '2026-01-01T00:00:00.000Z')`,
    [JSON.stringify(metrics)],
  );
  await dataSource.runMigrations();
  expect(await dataSource.query('SELECT id, mcc FROM runs ORDER BY id')).toEqual([
    { id: 'run_a', mcc: 0.5 },
    { id: 'run_b', mcc: null },
  ]);
  const [model] = await dataSource.query<{ best: string }[]>('SELECT best FROM models');
  expect(JSON.parse(model!.best)).toEqual(metrics.best);

  await takeBack();
  const columns = await dataSource.query<{ name: string }[]>('PRAGMA table_info(runs)');
  expect(columns.map(({ name }) => name)).not.toContain('mcc');
});
