import { Database } from './sqlite.js';

/**
 * Locks a file exclusively for this process or thread: an exclusive SQLite transaction on an empty database.
 * The operating system releases it with its holder.
 * @param options.fileMustExist otherwise the file is created
 * @returns a function that releases the lock
 * @throws Error with the code `SQLITE_BUSY` if it is already locked, or another code if the file system has
 * no locks
 */
export function lockFile(file: string, { fileMustExist = false } = {}): () => void {
  const database = new Database(file, { timeout: 0, fileMustExist });
  try {
    // No second file beside it.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw error;
  }
  return () => void database.close();
}
