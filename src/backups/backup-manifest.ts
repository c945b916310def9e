import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ManifestFile } from '../storage/blob-store.js';

/** `manifest.json` of a backup, written last: a folder without it is no backup. */
export interface BackupManifest {
  /** Of the layout of the folder. */
  format: 1;
  createdAt: string;
  /** That were applied to the database, in their order. */
  migrations: string[];
  /** All but the manifest; names are paths with slashes, such as `models/mdl_…/model.onnx`. */
  files: ManifestFile[];
}

/** A backup that cannot be made or used: the message says why and what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

export const BACKUP_MANIFEST = 'manifest.json';

/** Names become paths: no other ones are taken from a manifest. */
const NAME_PATTERN =
  /^(wellformed\.sqlite|(datasets|models)\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;

/** @throws BackupError if the folder is no backup, or one of a later layout */
export async function readBackupManifest(folder: string): Promise<BackupManifest> {
  const text = await readFile(path.join(folder, BACKUP_MANIFEST), 'utf8').catch(() => null);
  if (text === null) {
    throw new BackupError(
      `${folder} is no backup: it has no ${BACKUP_MANIFEST}. Name a folder that "backup" made.`,
    );
  }
  const manifest = parse(text);
  if (manifest?.format !== undefined && manifest.format !== 1) {
    throw new BackupError(
      `${folder} was made by a newer version of Wellformed. Restore it with that version.`,
    );
  }
  const { files, migrations } = manifest ?? {};
  const usable =
    Array.isArray(files) && files.every(isFile) && Array.isArray(migrations) && manifest?.format === 1;
  if (!usable) throw new BackupError(`The manifest of ${folder} is damaged. Restore another backup.`);
  return manifest as BackupManifest;
}

function isFile(file: Partial<ManifestFile> | null): boolean {
  return (
    NAME_PATTERN.test(file?.name ?? '') &&
    Number.isSafeInteger(file?.size) &&
    /^[0-9a-f]{64}$/.test(file?.sha256 ?? '')
  );
}

function parse(text: string): Partial<BackupManifest> | null {
  try {
    return JSON.parse(text) as Partial<BackupManifest> | null;
  } catch {
    return null;
  }
}
