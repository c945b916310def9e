import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../storage/sqlite.js';
import { dataSourceOptions } from './data-source.js';
import { Transactions } from './transactions.js';

describe('Transactions', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-transactions-'));
  const dataSource = new DataSource(dataSourceOptions(path.join(folder, 'test.sqlite')));
  const transactions = new Transactions(dataSource);

  beforeAll(() => dataSource.initialize());
  beforeEach(() => dataSource.query('DELETE FROM alias_changes'));
  afterAll(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  const insert = (manager: EntityManager, name: string) =>
    manager.query(
      `INSERT INTO alias_changes (name, model_id, reason, created_at) VALUES ('${name}', 'm', 'r', 't')`,
    );
  const names = async () =>
    (await dataSource.query<{ name: string }[]>('SELECT name FROM alias_changes ORDER BY id')).map(
      ({ name }) => name,
    );

  it('runs one after another, and takes back only the one that fails', async () => {
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map((i) =>
        transactions.run(async (manager) => {
          await insert(manager, `${i}a`);
          await sleep(5);
          if (i === 2) throw new Error('no');
          await insert(manager, `${i}b`);
          return i;
        }),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await names()).toEqual(['1a', '1b', '3a', '3b', '4a', '4b']);
  });

  it('joins a transaction that is open', async () => {
    const outer = transactions.run(async (manager) => {
      await insert(manager, 'outer');
      await transactions.run((inner) => insert(inner, 'inner'));
      throw new Error('no');
    });
    await expect(outer).rejects.toThrow('no');
    expect(await names()).toEqual([]);
  });

  it('does not join one that has ended', async () => {
    let late!: Promise<unknown>;
    await transactions.run(async (manager) => {
      await insert(manager, 'first');
      late = sleep(20).then(() => transactions.run((own) => insert(own, 'late')));
    });
    await late;
    expect(await names()).toEqual(['first', 'late']);
  });

  it('does not join another that is open by then', async () => {
    let late!: Promise<unknown>;
    await transactions.run(async (manager) => {
      await insert(manager, 'first');
      late = sleep(10).then(() => transactions.run((own) => insert(own, 'late')));
    });
    const other = transactions.run(async (manager) => {
      await insert(manager, 'other');
      await sleep(30);
      throw new Error('no');
    });
    await expect(other).rejects.toThrow('no');
    await late;
    expect(await names()).toEqual(['first', 'late']);
  });

  it('goes on after SQLite has ended one by itself, as it does when there is no more space', async () => {
    const pragma = async (text: string) =>
      Number(Object.values((await dataSource.query<object[]>(`PRAGMA ${text}`))[0]!)[0]);
    await pragma(`max_page_count = ${await pragma('page_count')}`);
    const tooMuch = () => transactions.run((manager) => insert(manager, 'x'.repeat(100_000)));
    for (let i = 0; i < 2; i++) await expect(tooMuch()).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    await pragma('max_page_count = 1000000');

    const refused = transactions.run(async (manager) => {
      await insert(manager, 'refused');
      throw new Error('no');
    });
    await expect(refused).rejects.toThrow('no');
    await transactions.run((manager) => insert(manager, 'kept'));

    // Somebody else sees what is stored for good.
    const other = new Database(path.join(folder, 'test.sqlite'), { readonly: true });
    expect(other.prepare('SELECT name FROM alias_changes').pluck().all()).toEqual(['kept']);
    other.close();
  });
});
