import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, timeInNames } from '../storage/durable-files.js';
import { appliedMigrations, copyDatabase, DatabaseFileError } from './database-file.js';
import { migrationNames } from './migrations/index.js';

/** So many copies are kept; the oldest go. */
export const KEPT_COPIES = 3;

const COPY_PATTERN = /^\d{8}T\d{9}Z-before-\w+\.sqlite$/;

/**
 * Copies a database that is about to be migrated, since there is no way back from a migration but to what was before it. Nothing is
 * copied where there is nothing to migrate, or nothing yet. Call it before the database is opened, with its lock held.
 * @param folder for the copies; made if need be
 * @returns the copy; null if none was needed
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
    // Under its name when it is whole: what a crash leaves must not pass for a backup.
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
