import { Database } from './sqlite.js';

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
