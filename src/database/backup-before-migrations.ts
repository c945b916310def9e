import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, timeInNames } from '../storage/durable-files.js';
import { appliedMigrations, copyDatabase, DatabaseFileError } from './database-file.js';
import { migrationNames } from './migrations/index.js';

/** Number of copies to keep. Older ones are deleted. */
export const KEPT_COPIES = 3;

const COPY_PATTERN = /^\d{8}T\d{9}Z-before-\w+\.sqlite$/;

/**
 * Copies a database before it is migrated, since a migration can only be undone by restoring a copy. Nothing
 * is copied if there is nothing to migrate, or no database yet. Call it before the database is opened, with
 * its lock held.
 * @param folder for the copies; created if needed
 * @returns the path of the copy; null if none was needed
 * @throws DatabaseFileError if the database is damaged, or newer than this version
 */
export async function backUpBeforeMigrations(file: string, folder: string): Promise<string | null> {
  if (!existsSync(file)) return null;
  const applied = appliedMigrations(file);
  const next = migrationNames.find((name) => !applied.includes(name));
  if (applied.length === 0 || next === undefined) return null;

  const copy = path.join(folder, `${timeInNames()}-before-${next}.sqlite`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // It gets its name when it is complete: a partial copy must not look like a backup.
    const unfinished = path.join(folder, 'unfinished.sqlite');
    await rm(unfinished, { force: true });
    await copyDatabase(file, unfinished);
    await rename(unfinished, copy);
    await syncFolder(folder);
  } catch (error) {
    if (error instanceof DatabaseFileError) throw error;
    throw new DatabaseFileError(
      `${file} could not be copied to ${folder} before it is brought up to date (${(error as Error).message}). ` +
        'Nothing was changed. Make space there, or see that this user may write to it, and start again.',
    );
  }
  await removeOldCopies(folder, path.basename(copy));
  return copy;
}

async function removeOldCopies(folder: string, newest: string): Promise<void> {
  const others = (await readdir(folder)).filter((name) => COPY_PATTERN.test(name) && name !== newest).sort();
  const surplus = others.slice(0, Math.max(0, others.length - (KEPT_COPIES - 1)));
  for (const name of surplus) await rm(path.join(folder, name));
}
