import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDamagedDatabase } from '../common/disk-errors.js';
import { Database } from '../storage/sqlite.js';
import { dataSourceOptions } from './data-source.js';
import { checkQuickly, DatabaseFileError } from './database-file.js';

describe('the check of a database before it is opened', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-database-'));
  const whole = path.join(folder, 'whole.sqlite');
  const file = path.join(folder, 'damaged.sqlite');

  beforeAll(async () => {
    const dataSource = new DataSource(dataSourceOptions(whole));
    await dataSource.initialize();
    await dataSource.destroy();
    const database = new Database(whole);
    const insert = database.prepare('INSERT INTO alias_changes (name, reason, created_at) VALUES (?, ?, ?)');
    for (let i = 0; i < 500; i++)
      insert.run(`alias-${i % 7}`, 'By hand. '.repeat(9), new Date(i).toISOString());
    database.pragma('journal_mode = DELETE');
    database.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds nothing wrong with one that is whole', () => {
    expect(() => checkQuickly(whole)).not.toThrow();
  });

  it('refuses one in whose pages bits have flipped, and says what to do', () => {
    const bytes = readFileSync(whole);
    let refused = 0;
    for (let page = 0; page < bytes.length; page += 4096) {
      // The header of a page says where its cells lie.
      const changed = Buffer.from(bytes);
      for (const at of [0, 3, 5]) changed[page + (page === 0 ? 100 : 0) + at]! ^= 0xff;
      writeFileSync(file, changed);
      try {
        checkQuickly(file);
      } catch (error) {
        expect(error).toBeInstanceOf(DatabaseFileError);
        expect((error as Error).message).toMatch(/is damaged \(.*\)\. Restore a backup \(npm run restore/s);
        refused++;
      }
    }
    expect(refused).toBe(bytes.length / 4096);
  });

  it('leaves no damage that ends in anything but an error that tells of it', async () => {
    const bytes = readFileSync(whole);
    const outcomes = { refused: 0, told: 0, unharmed: 0 };
    const others: unknown[] = [];
    for (let i = 0; i < 60; i++) {
      const bit = Math.floor(((i + 0.37) * bytes.length * 8) / 60);
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file, changed);
      const dataSource = new DataSource(dataSourceOptions(file));
      try {
        checkQuickly(file);
        await dataSource.initialize();
        await dataSource.query('SELECT * FROM alias_changes ORDER BY name');
        outcomes.unharmed++;
      } catch (error) {
        if (error instanceof DatabaseFileError) outcomes.refused++;
        else if (isDamagedDatabase(error)) outcomes.told++;
        else others.push(error);
      } finally {
        if (dataSource.isInitialized) await dataSource.destroy();
      }
    }
    expect(others).toEqual([]);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});
