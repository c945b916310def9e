import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

/**
 * better-sqlite3 as this Node can have it. Version 13 speaks Node-API 10 (Node 22.14) and brings its binary along. Version 12 is the
 * last for Node 20, and no choice for Node 24: compiled against the headers of 24.19 or later it ends the process when V8
 * collects a statement (nodejs/node#65446). `scripts/set-up/sqlite.mjs` prepares the same one.
 */
export const Database = createRequire(import.meta.url)(
  Number(process.versions.napi) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3',
) as typeof BetterSqlite3;

/**
 * Holds a file for this process (or thread) alone until it is given up: an exclusive SQLite transaction on an empty database, which
 * the operating system ends with its holder.
 * @param options.fileMustExist else it is made
 * @returns gives it up
 * @throws Error with the code `SQLITE_BUSY` where it is held already, with others where the file system has no locks
 */
export function lockFile(file: string, { fileMustExist = false } = {}): () => void {
  const database = new Database(file, { timeout: 0, fileMustExist });
  try {
    // No further file beside it.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw error;
  }
  return () => void database.close();
}
