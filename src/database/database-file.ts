import { rm } from 'node:fs/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { syncFile } from '../storage/durable-files.js';
import { isDamagedDatabase } from '../common/disk-errors.js';
import { Database } from '../storage/sqlite.js';
import { migrationNames } from './migrations/index.js';

/** The name of the database in a data folder, and of its copy in a backup. */
export const DATABASE_FILE = 'wellformed.sqlite';

/** This version cannot use the database. The message says why and what to do. */
export class DatabaseFileError extends Error {
  override readonly name = 'DatabaseFileError';
}

/**
 * Copies a database while others may read and write it (SQLite's online backup). The copy contains everything
 * committed before it began. It is checked, durable and a single file without a log.
 * @param target a file that does not exist yet; it is removed if the copy fails
 * @throws DatabaseFileError if the database is damaged
 */
export async function copyDatabase(file: string, target: string): Promise<void> {
  try {
    const source = openDatabase(file);
    try {
      // All pages in one step, so in one read transaction. Between steps, a writer would restart the backup.
      await source.backup(target, { progress: () => 2 ** 31 - 1 });
    } finally {
      source.close();
    }
    checkDatabase(target);
    await syncFile(target);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

/**
 * Makes a copied database a single file and reads all of it.
 * @throws DatabaseFileError if it is damaged
 */
export function checkDatabase(file: string): void {
  const database = openDatabase(file, { readonly: false });
  try {
    const findings = told(file, () => {
      database.pragma('journal_mode = DELETE');
      return database.pragma('integrity_check(1)', { simple: true });
    });
    if (findings !== 'ok') throw damaged(file, String(findings));
  } finally {
    database.close();
  }
}

/**
 * Reads all pages of a database without comparing indexes with their tables, which takes several times as
 * long. It takes a third of a second for 100 MB.
 * @throws DatabaseFileError if it is damaged
 */
export function checkQuickly(file: string): void {
  const database = openDatabase(file);
  try {
    const finding = told(file, () => database.pragma('quick_check(1)', { simple: true }) as string);
    if (finding !== 'ok') throw damaged(file, finding);
  } finally {
    database.close();
  }
}

/**
 * The applied migrations of a database, in order; none for a new one.
 * @throws DatabaseFileError if it cannot be read, or has a migration that this version does not know
 */
export function appliedMigrations(file: string): string[] {
  const applied = query<{ name: string }>(file, 'SELECT "name" FROM "migrations" ORDER BY "id"', {
    unless: 'migrations',
  }).map(({ name }) => name);
  const unknown = applied.filter((name) => !migrationNames.includes(name));
  if (unknown.length > 0) {
    throw new DatabaseFileError(
      `${file} was written by a newer version of Wellformed: it has ${unknown.join(', ')}, which this one does not know. ` +
        'Use that version, or restore what was backed up before the upgrade: see docs/operations.md.',
    );
  }
  return applied;
}

/**
 * The result of one query on a database file.
 * @param unless a table: the result is empty if it is missing
 * @throws DatabaseFileError if it cannot be read
 */
export function query<Row>(file: string, sql: string, { unless }: { unless: string }): Row[] {
  const database = openDatabase(file);
  try {
    return told(file, () => {
      const table = database.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`);
      return table.get(unless) === undefined ? [] : (database.prepare(sql).all() as Row[]);
    });
  } finally {
    database.close();
  }
}

function openDatabase(file: string, { readonly = true } = {}): BetterSqlite3.Database {
  return told(file, () => new Database(file, { readonly, fileMustExist: true }));
}

/** Adds the name of the file to errors of SQLite. */
function told<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error;
    throw damaged(file, (error as Error).message);
  }
}

function damaged(file: string, finding: string): DatabaseFileError {
  return new DatabaseFileError(
    `${file} is damaged (${finding}). Restore a backup (npm run restore -- FOLDER): see docs/operations.md.`,
  );
}
