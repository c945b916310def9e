import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DatasetEntity } from '../../datasets/dataset.entity.js';
import { ModelVersionEntity } from '../../models/model-version.entity.js';
import { RUN_ROW_VERSION, RunEntity } from '../../training/run.entity.js';
import { RunEventEntity } from '../../training/run-event.entity.js';
import { dataSourceOptions } from '../data-source.js';
import { RunErrors1767000400000 } from './1767000400000-run-errors.js';

let folder: string;
let dataSource: DataSource;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'wellformed-run-errors-'));
  // With entities, as the service has them.
  const entities = [DatasetEntity, RunEntity, RunEventEntity, ModelVersionEntity];
  dataSource = new DataSource({ ...dataSourceOptions(path.join(folder, 'test.sqlite')), entities });
  await dataSource.initialize();
  await takeBack();
});

afterEach(async () => {
  await dataSource.destroy();
  rmSync(folder, { recursive: true });
});

/** With all that came after it. */
async function takeBack(): Promise<void> {
  const since = dataSource.migrations.findIndex(({ name }) => name === new RunErrors1767000400000().name);
  for (const _migration of dataSource.migrations.slice(since)) await dataSource.undoLastMigration();
}

/** As the version before stored them. */
async function store(id: string, error: string | null): Promise<void> {
  // Migrations turn them on again.
  await dataSource.query('PRAGMA foreign_keys = OFF');
  const createdAt = '2026-01-01T00:00:00.000Z';
  await dataSource.query(
    `INSERT INTO runs (id, version, status, dataset_id, base_model, hyperparameters, promote, epochs, error, created_at)
     VALUES (?, 2, 'failed', 'ds', 'tiny', '{}', 'auto', '[]', ?, ?)`,
    [id, error, createdAt],
  );
  const insert = (sequence: number, type: string, data: string) =>
    dataSource.query(
      `INSERT INTO run_events (run_id, sequence, type, data, created_at) VALUES (?, ?, ?, ?, ?)`,
      [id, sequence, type, data, createdAt],
    );
  await insert(1, 'status', '{"status":"running"}');
  await insert(2, 'stoppedEarly', '{"reason":"the error rose"}');
  await insert(3, 'status', error === null ? '{"status":"failed"}' : `{"status":"failed","error":${error}}`);
}

const stored = () =>
  dataSource.query<{ id: string; version: number; error: string; event: string }[]>(
    `SELECT runs.id, version, error, data AS event FROM runs JOIN run_events ON run_id = runs.id AND sequence = 3 ORDER BY runs.id`,
  );

const known = {
  title: 'The training diverged',
  detail: 'The loss is no longer a number at step 3. Lower it.',
};
const foreign = { title: 'Something else', detail: 'Nobody knows.' };

it('gives the errors of stored runs and of their events a code and a message, and takes them back', async () => {
  await store('run_a', JSON.stringify(known));
  await store('run_b', JSON.stringify(foreign));
  await store('run_c', null);
  const before = await stored();

  await dataSource.runMigrations();
  const rows = await stored();
  expect(rows.map(({ version }) => version)).toEqual([RUN_ROW_VERSION, RUN_ROW_VERSION, RUN_ROW_VERSION]);
  const errors = [
    { code: 'training-diverged', message: `${known.title}. ${known.detail}`, param: null },
    { code: 'unexpected', message: `${foreign.title}. ${foreign.detail}`, param: null },
    null,
  ];
  expect(rows.map(({ error }) => JSON.parse(error) as unknown)).toEqual(errors);
  expect(rows.map(({ event }) => JSON.parse(event) as unknown)).toEqual([
    { status: 'failed', error: errors[0] },
    { status: 'failed', error: errors[1] },
    { status: 'failed' },
  ]);
  const others = await dataSource.query<{ data: string }[]>(
    `SELECT DISTINCT data FROM run_events WHERE sequence < 3 ORDER BY data`,
  );
  expect(others.map(({ data }) => data)).toEqual(['{"reason":"the error rose"}', '{"status":"running"}']);

  await takeBack();
  const [first, second, third] = await stored();
  expect([first, third]).toEqual([before[0], before[2]]);
  expect(JSON.parse(second!.error)).toEqual({
    title: 'The training failed',
    detail: `${foreign.title}. ${foreign.detail}`,
  });
});

it('takes an error of today back to a title', async () => {
  await dataSource.runMigrations();
  const message = 'The loss is no longer a number at step 3.';
  await store('run_a', JSON.stringify({ code: 'training-diverged', message, param: 'learningRate' }));
  await takeBack();
  const [row] = await stored();
  const error = { title: 'The training diverged', detail: message };
  expect([row!.version, JSON.parse(row!.error), JSON.parse(row!.event)]).toEqual([
    2,
    error,
    { status: 'failed', error },
  ]);
});

it('leaves damage to whoever reads it, and what has its form already', async () => {
  const today = '{"code":"disk-full","message":"The disk is full.","param":null}';
  await store('run_a', '{"title":');
  await store('run_b', today);
  await store('run_c', '{"title":5}');
  await dataSource.runMigrations();
  expect((await stored()).map(({ error }) => error)).toEqual(['{"title":', today, '{"title":5}']);
});
