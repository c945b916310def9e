import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetEntity } from '../datasets/dataset.entity.js';
import { StoredAnswerEntity } from '../idempotency/stored-answer.entity.js';
import { AliasChangeEntity } from '../models/alias-change.entity.js';
import { AliasEntity } from '../models/alias.entity.js';
import { EvaluationEntity } from '../models/evaluation.entity.js';
import { ModelVersionEntity } from '../models/model-version.entity.js';
import { SweepEntity } from '../sweeps/sweep.entity.js';
import { RunEventEntity } from '../training/run-event.entity.js';
import { RunJudgementsEntity } from '../training/run-judgements.entity.js';
import { RunLogLineEntity } from '../training/run-log-line.entity.js';
import { RunEntity } from '../training/run.entity.js';
import { DeliveryEntity } from '../webhooks/delivery.entity.js';
import { dataSourceOptions } from './data-source.js';

describe('the schema', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-schema-'));
  const dataSource = new DataSource({
    ...dataSourceOptions(path.join(folder, 'test.sqlite')),
    entities: [
      DatasetEntity,
      RunEntity,
      RunEventEntity,
      RunJudgementsEntity,
      RunLogLineEntity,
      SweepEntity,
      ModelVersionEntity,
      EvaluationEntity,
      AliasEntity,
      AliasChangeEntity,
      DeliveryEntity,
      StoredAnswerEntity,
    ],
  });

  beforeAll(() => dataSource.initialize());
  afterAll(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  it('is after all migrations what the entities say', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('runs in WAL mode, syncs what is committed and enforces foreign keys', async () => {
    expect(await dataSource.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    expect(await dataSource.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await dataSource.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('gives times, sizes and JSON back as they were stored', async () => {
    const createdAt = new Date('2025-11-23T10:20:30.456Z');
    const row = {
      id: 'ds_01',
      name: 'n',
      contentHash: 'h',
      rows: 1,
      acceptable: 1,
      unacceptable: 0,
      statistics: { format: 'cola' } as never,
      problems: [],
      originalFileName: null,
      bytes: 5 * 2 ** 32,
      createdAt,
    };
    await dataSource.getRepository(DatasetEntity).insert(row);
    expect(await dataSource.getRepository(DatasetEntity).findOneBy({ id: 'ds_01' })).toEqual(row);
  });

  it('can be taken back', async () => {
    for (const _migration of dataSource.migrations) await dataSource.undoLastMigration();
    const tables = await dataSource.query(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('migrations', 'sqlite_sequence')",
    );
    expect(tables).toEqual([]);
    await dataSource.runMigrations();
  });
});
