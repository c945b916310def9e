import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../storage/durable-files.js';
import type { Settings } from '../config/settings.js';
import {
  appliedMigrations,
  checkDatabase,
  DATABASE_FILE,
  DatabaseFileError,
} from '../database/database-file.js';
import { DataFolder } from '../storage/data-folder.js';
import { finishRestore, PARTIAL_RESTORE, READY_RESTORE, RESTORED_FILES } from '../storage/finish-restore.js';
import { BackupError, readBackupManifest, copyFile } from './backup-manifest.js';

export interface Restored {
  /** Number of files that were restored, and their bytes. */
  files: number;
  bytes: number;
  /** The folder that now holds the previous content; null if there was none. */
  replaced: string | null;
}

/**
 * Replaces the content of the data folder by a backup: database, data sets and models. If the backup is a
 * single file, only the database is replaced. Everything is copied and checked first, then exchanged. The
 * previous content is kept.
 * @param source a folder that `createBackup` made, or a database file that was copied before a migration
 * @throws DataFolderError while a service uses the data folder
 * @throws BackupError, DatabaseFileError if the backup is damaged or newer than this version. Nothing is
 * changed then.
 */
export async function restoreBackup(source: string, settings: Settings): Promise<Restored> {
  const files = await filesOf(source);
  const folder = new DataFolder(settings);
  const partial = path.join(folder.path, PARTIAL_RESTORE);
  try {
    const fresh = path.join(partial, RESTORED_FILES);
    for (const kind of ['datasets', 'models']) {
      if (files.whole) await mkdir(path.join(fresh, kind), { recursive: true });
    }
    await mkdir(fresh, { recursive: true });
    const bytes = await copyAll(files, fresh);
    const database = path.join(fresh, DATABASE_FILE);
    checkDatabase(database);
    appliedMigrations(database);
    await syncFolder(fresh);
    await syncFolder(partial);
    await rename(partial, path.join(folder.path, READY_RESTORE));
    await syncFolder(folder.path);
    return { files: files.list.length, bytes, replaced: finishRestore(folder.path) };
  } catch (error) {
    if ([BackupError, DatabaseFileError].some((type) => error instanceof type)) throw error;
    if (typeof (error as { code?: unknown }).code !== 'string') throw error;
    throw new BackupError(
      `The backup could not be restored into ${folder.path} (${(error as Error).message}). ` +
        'The disk needs as much free space as the size of the backup.',
    );
  } finally {
    await rm(partial, { recursive: true, force: true });
    folder.onApplicationShutdown();
  }
}

interface BackupFiles {
  /** Whether it is a whole backup, not only a database. */
  whole: boolean;
  /** `name` is the path in the data folder. */
  list: { from: string; name: string; sha256?: string }[];
}

async function filesOf(source: string): Promise<BackupFiles> {
  const found = await stat(source).catch(() => null);
  if (!found) throw new BackupError(`There is no ${source}. Name the folder of a backup.`);
  if (found.isFile()) return { whole: false, list: [{ from: source, name: DATABASE_FILE }] };
  const { files } = await readBackupManifest(source);
  if (!files.some(({ name }) => name === DATABASE_FILE)) {
    throw new BackupError(`The manifest of ${source} names no database. Restore another backup.`);
  }
  return {
    whole: true,
    list: files.map(({ name, sha256 }) => ({ from: path.join(source, name), name, sha256 })),
  };
}

/** @returns the total size in bytes */
async function copyAll({ list }: BackupFiles, fresh: string): Promise<number> {
  let bytes = 0;
  const folders = new Set<string>();
  for (const { from, name, sha256 } of list) {
    const to = path.join(fresh, name);
    folders.add(path.dirname(to));
    await mkdir(path.dirname(to), { recursive: true });
    const copied = await copyFile(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new BackupError(`${name} of the backup is missing. Restore another backup.`);
    });
    if (sha256 !== undefined && copied.sha256 !== sha256) {
      throw new BackupError(`${name} of the backup is damaged (its sha256 differs). Restore another backup.`);
    }
    bytes += copied.size;
  }
  for (const folder of folders) await syncFolder(folder);
  return bytes;
}
