import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../storage/durable-files.js';
import { sha256OfFile } from '../storage/file-hash.js';
import {
  appliedMigrations,
  copyDatabase,
  DATABASE_FILE,
  DatabaseFileError,
  query,
} from '../database/database-file.js';
import type { BlobKey, ManifestFile } from '../storage/blob-store.js';
import { READY_RESTORE } from '../storage/finish-restore.js';
import { isStoredName, mendingOf } from '../storage/local-blob-store.js';
import { MANIFEST, parseManifest, sealFolder, type SealedManifest } from '../storage/sealed-folder.js';
import { BackupError, type BackupManifest, copyFile } from './backup-manifest.js';

/** Tables whose rows have a folder of files named after their id. */
const KINDS = ['datasets', 'models'] as const;

/**
 * Copies the database and the files that it names into a new folder. A service may use them meanwhile. The
 * database is copied as it is at one moment. Then follow its files, which never change. Each is compared with
 * its SHA-256. If something is deleted meanwhile, the database is copied again without it. The folder gets
 * its final name when it is complete.
 * @throws BackupError if something is missing or damaged, or the folder cannot be written. Nothing is left
 * then.
 */
export async function createBackup(dataFolder: string, target: string): Promise<BackupManifest> {
  await refuse(dataFolder, target);
  let staged: string | undefined;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    staged = await mkdtemp(`${target}.partial-`);
    const manifest = await fill(staged, dataFolder);
    if (existsSync(target)) await rmdir(target);
    await sealFolder(staged, target, manifest);
    return manifest;
  } catch (error) {
    if (staged) await rm(staged, { recursive: true, force: true });
    if ([BackupError, DatabaseFileError].some((type) => error instanceof type)) throw error;
    if (typeof (error as { code?: unknown }).code !== 'string') throw error;
    throw new BackupError(
      `The backup could not be written to ${target} (${(error as Error).message}). Nothing was left there. ` +
        'See that there is space, and that this user may write there.',
    );
  }
}

async function refuse(dataFolder: string, target: string): Promise<void> {
  if (!existsSync(path.join(dataFolder, DATABASE_FILE))) {
    throw new BackupError(`There is no database in ${dataFolder}. Set WELLFORMED_DATA to the data folder.`);
  }
  if (existsSync(path.join(dataFolder, READY_RESTORE))) {
    throw new BackupError(
      `A restore of ${dataFolder} was interrupted. Start the service: it finishes the restore.`,
    );
  }
  const [first, ...rest] = path.relative(dataFolder, target).split(path.sep);
  if (first !== '..' && !path.isAbsolute(first!) && (first !== 'backups' || rest.length === 0)) {
    throw new BackupError(
      `${target} is part of the data folder. Choose one outside of it, or below ${path.join(dataFolder, 'backups')}.`,
    );
  }
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new BackupError(
      `${target} cannot be used (${error.message}). Name a folder that is not there yet.`,
    );
  });
  if (entries.length > 0) {
    throw new BackupError(`${target} is not empty. Name a new folder for each backup.`);
  }
}

async function fill(staged: string, dataFolder: string): Promise<BackupManifest> {
  const database = path.join(staged, DATABASE_FILE);
  const copied = new Map<BlobKey, ManifestFile[]>();
  const gone = new Set<BlobKey>();
  for (;;) {
    await copyDatabase(path.join(dataFolder, DATABASE_FILE), database);
    const keys = KINDS.flatMap((kind) =>
      query<{ id: string }>(database, `SELECT "id" FROM "${kind}"`, { unless: kind }).map(
        ({ id }): BlobKey => `${kind}/${id}`,
      ),
    );
    const missing = keys.filter((key) => gone.has(key));
    if (missing.length > 0) {
      throw new BackupError(
        `The database knows ${missing.join(', ')}, but files of it are missing. Restore that folder from an earlier backup, or ` +
          'delete it through the API.',
      );
    }
    await forget([...copied.keys()].filter((key) => !keys.includes(key)));
    for (const key of keys.filter((one) => !copied.has(one))) {
      const files = await copyFolder(key, dataFolder, staged);
      if (files) copied.set(key, files);
      else gone.add(key);
    }
    if (keys.every((key) => copied.has(key))) break;
    // The folder was deleted during the copy. A new copy of the database no longer names it.
    await rm(database);
  }
  return describe();

  async function forget(keys: BlobKey[]): Promise<void> {
    for (const key of keys) {
      await rm(path.join(staged, key), { recursive: true });
      copied.delete(key);
    }
  }

  async function describe(): Promise<BackupManifest> {
    const { size } = await stat(database);
    const sha256 = await sha256OfFile(database);
    const manifest: BackupManifest = {
      format: 1,
      createdAt: new Date().toISOString(),
      migrations: appliedMigrations(database),
      files: [{ name: DATABASE_FILE, size, sha256 }, ...[...copied.values()].flat()],
    };
    for (const kind of KINDS) await mkdir(path.join(staged, kind), { recursive: true });
    for (const kind of KINDS) await syncFolder(path.join(staged, kind));
    return manifest;
  }
}

/**
 * Copies one published folder and checks the hashes of its files.
 * @returns its files with paths relative to the data folder; null if a file is missing
 * @throws BackupError if a file is not what was stored
 */
async function copyFolder(key: BlobKey, dataFolder: string, staged: string): Promise<ManifestFile[] | null> {
  const [from, to] = [path.join(dataFolder, key), path.join(staged, key)];
  try {
    const manifest = parseManifest<SealedManifest>(
      await readFile(path.join(from, MANIFEST), 'utf8'),
      isStoredName,
    );
    if (!manifest)
      throw new BackupError(`${key} is damaged: its ${MANIFEST} cannot be read. ${mendingOf(key)}`);
    await mkdir(to, { recursive: true });
    const files: ManifestFile[] = [];
    for (const { name, size, sha256 } of manifest.files) {
      const found = await copyFile(path.join(from, name), path.join(to, name));
      if (found.sha256 !== sha256 || found.size !== size) {
        throw new BackupError(
          `${key} is damaged: ${name} is not what was stored (its sha256 differs). ${mendingOf(key)}`,
        );
      }
      files.push({ name: `${key}/${name}`, ...found });
    }
    const own = await copyFile(path.join(from, MANIFEST), path.join(to, MANIFEST));
    await syncFolder(to);
    return [...files, { name: `${key}/${MANIFEST}`, ...own }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await rm(to, { recursive: true, force: true });
    return null;
  }
}
