import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../storage/sqlite.js';
import { backUpBeforeMigrations, KEPT_COPIES } from './backup-before-migrations.js';
import { dataSourceOptions } from './data-source.js';
import { appliedMigrations, DatabaseFileError, query } from './database-file.js';
import { migrationNames, migrations } from './migrations/index.js';

let root: string;
let file: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'wellformed-migrations-'));
  file = path.join(root, 'test.sqlite');
  folder = path.join(root, 'backups');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A database of the first so many migrations, with a row of alias history; left as a process that was killed leaves it. */
async function databaseOf(count: number): Promise<void> {
  const source = new DataSource({ ...dataSourceOptions(file), migrations: migrations.slice(0, count) });
  await source.initialize();
  await source.query(
    "INSERT INTO alias_changes (name, reason, created_at) VALUES ('first', '', '2026-11-23T10:00:00.000Z')",
  );
  await source.destroy();
}

const names = (database: string) =>
  query<{ name: string }>(database, 'SELECT name FROM alias_changes', { unless: 'alias_changes' });

describe('backUpBeforeMigrations', () => {
  it('copies a database that will be migrated, as one file with its rows', async () => {
    await databaseOf(1);
    // What a killed process leaves in the log beside the file belongs to the database too.
    const left = new Database(file);
    left.exec("INSERT INTO alias_changes (name, reason, created_at) VALUES ('in the log', '', '')");
    expect(existsSync(`${file}-wal`)).toBe(true);
    const copy = await backUpBeforeMigrations(file, folder);
    left.close();
    expect(path.basename(copy!)).toMatch(/^\d{8}T\d{9}Z-before-FineTuningOptions1764500000000\.sqlite$/);
    expect(readdirSync(folder)).toEqual([path.basename(copy!)]);
    expect(appliedMigrations(copy!)).toEqual(migrationNames.slice(0, 1));
    expect(names(copy!)).toEqual([{ name: 'first' }, { name: 'in the log' }]);
  });

  it('copies nothing where there is nothing to migrate', async () => {
    expect(await backUpBeforeMigrations(file, folder)).toBeNull();
    await databaseOf(migrations.length);
    expect(await backUpBeforeMigrations(file, folder)).toBeNull();
    expect(existsSync(folder)).toBe(false);
  });

  it('keeps the newest copies, and no file that is not its own', async () => {
    await databaseOf(1);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'notes.sqlite'), '');
    writeFileSync(path.join(folder, 'unfinished.sqlite'), 'half a copy');
    const copies: string[] = [];
    for (let i = 0; i <= KEPT_COPIES; i++) {
      copies.push(path.basename((await backUpBeforeMigrations(file, folder))!));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(readdirSync(folder).sort()).toEqual([...copies.slice(1), 'notes.sqlite'].sort());
  });

  it('refuses a database of a newer version, and one that is damaged, and leaves them as they are', async () => {
    await databaseOf(migrations.length);
    const newer = new Database(file);
    newer.exec("INSERT INTO migrations (timestamp, name) VALUES (9, 'FromTheFuture9')");
    newer.close();
    await expect(backUpBeforeMigrations(file, folder)).rejects.toThrow(/newer version.*FromTheFuture9/);
    writeFileSync(file, 'this is no database, but it is long enough to be taken for one'.repeat(100));
    await expect(backUpBeforeMigrations(file, folder)).rejects.toThrow(/test\.sqlite is damaged/);
    expect(existsSync(folder)).toBe(false);
  });

  it('says what to do where no copy can be made', async () => {
    await databaseOf(1);
    writeFileSync(folder, 'in the way');
    const refused = backUpBeforeMigrations(file, folder);
    await expect(refused).rejects.toThrow(DatabaseFileError);
    await expect(refused).rejects.toThrow(/could not be copied to .*Nothing was changed\. Make space/s);
    expect(appliedMigrations(file)).toEqual(migrationNames.slice(0, 1));
  });

  it('makes no copy of a database that is damaged within', async () => {
    await databaseOf(1);
    const database = new Database(file);
    // Pages of which nobody knows: SQLite opens, reads and copies such a file without a word.
    database.unsafeMode();
    database.pragma('writable_schema = ON');
    database.exec("DELETE FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
    database.close();
    await expect(backUpBeforeMigrations(file, folder)).rejects.toThrow(/is damaged \(.*never used/s);
    expect(readdirSync(folder)).toEqual([]);
  });
});
