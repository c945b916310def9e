import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST, parseManifest, type SealedManifest } from '../storage/sealed-folder.js';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { syncFile } from '../storage/durable-files.js';

/** `manifest.json` of a backup, written last: a folder without it is no backup. */
export interface BackupManifest extends SealedManifest {
  /** Of the layout of the folder. */
  format: 1;
  createdAt: string;
  /** That were applied to the database, in their order. */
  migrations: string[];
  /** All but the manifest; names are paths with slashes, such as `models/mdl_…/model.onnx`. */
  files: SealedManifest['files'];
}

/** A backup that cannot be made or used: the message says why and what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** Names become paths: no other ones are taken from a manifest. */
const NAME_PATTERN =
  /^(wellformed\.sqlite|(datasets|models)\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;

/** @throws BackupError if the folder is no backup, or one of a later layout */
export async function readBackupManifest(folder: string): Promise<BackupManifest> {
  const text = await readFile(path.join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null) {
    throw new BackupError(`${folder} is no backup: it has no ${MANIFEST}. Name a folder that "backup" made.`);
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

/** Copies a file and makes the copy durable. @returns what was copied: bytes, and sha256 in lower-case hex */
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
