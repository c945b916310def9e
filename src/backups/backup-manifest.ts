import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST, parseManifest, type SealedManifest } from '../storage/sealed-folder.js';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { syncFile } from '../storage/durable-files.js';

/** `manifest.json` of a backup. It is written last: a folder without it is not a backup. */
export interface BackupManifest extends SealedManifest {
  /** Version of the folder layout. */
  format: 1;
  createdAt: string;
  /** Applied migrations of the database, in order. */
  migrations: string[];
  /** All files except the manifest. Names are paths with slashes, such as `models/mdl_…/model.onnx`. */
  files: SealedManifest['files'];
}

/** A backup cannot be made or used. The message says why and what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** Accepted file names of a manifest. No other names are accepted because they become paths. */
const NAME_PATTERN =
  /^(wellformed\.sqlite|(datasets|models)\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;

/** @throws BackupError if the folder is not a backup, or has a later layout */
export async function readBackupManifest(folder: string): Promise<BackupManifest> {
  const text = await readFile(path.join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null) {
    throw new BackupError(
      `${folder} is not a backup: it has no ${MANIFEST}. Name a folder that "backup" made.`,
    );
  }
  if (isOfLaterLayout(text)) {
    throw new BackupError(
      `${folder} was made by a newer version of Wellformed. Restore it with that version.`,
    );
  }
  const manifest = parseManifest<BackupManifest>(text, (name) => NAME_PATTERN.test(name));
  const isUsable =
    manifest?.format === 1 &&
    Array.isArray(manifest.migrations) &&
    manifest.files.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256));
  if (!isUsable) throw new BackupError(`The manifest of ${folder} is damaged. Restore another backup.`);
  return manifest;
}

function isOfLaterLayout(text: string): boolean {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return format !== undefined && format !== 1;
  } catch {
    return false;
  }
}

/**
 * Copies a file and makes the copy durable.
 * @returns the size in bytes and the SHA-256 (lower-case hex) of the copy
 */
export async function copyFile(from: string, to: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(
    createReadStream(from, { highWaterMark: 2 ** 20 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(to, { flags: 'wx' }),
  );
  return { size: await syncFile(to), sha256: hash.digest('hex') };
}
