import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidModelError } from '../bert/errors.js';
import { sha256OfFile } from '../storage/file-hash.js';
import {
  durableFiles,
  MANIFEST,
  parseManifest,
  sealFolder,
  type SealedManifest,
} from '../storage/sealed-folder.js';
import type { SourceKind } from './source.js';

/** Content of a stored base model's `manifest.json`. */
export interface BaseModelManifest extends SealedManifest {
  name: string;
  source: { kind: SourceKind; [detail: string]: unknown };
  fetchedAt: string;
}

/**
 * Makes a downloaded model durable and gives its folder its final name.
 * @returns false if another process has published the same model meanwhile. Then the staged folder still
 * exists.
 */
export async function publishFolder(
  staged: string,
  target: string,
  { name, source }: Pick<BaseModelManifest, 'name' | 'source'>,
  signal: AbortSignal,
): Promise<boolean> {
  const files = await durableFiles(staged, { signal });
  const manifest: BaseModelManifest = { name, source, fetchedAt: new Date().toISOString(), files };
  // mkdtemp makes a private folder. Let everyone who can read the parent folder read the model.
  await chmod(staged, 0o755);
  signal.throwIfAborted();
  try {
    await sealFolder(staged, target, manifest);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/**
 * Reads the manifest of a stored model; null for a folder that somebody put there by hand.
 * @param options.compared whether to check the sizes of the files against the manifest
 * @throws InvalidModelError if a file is missing or has another size
 */
export async function readManifest(
  folder: string,
  { compared = true } = {},
): Promise<BaseModelManifest | null> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  // The file is not a manifest of this kind.
  const manifest = parseManifest<BaseModelManifest>(text, isFileName);
  if (!manifest || !compared) return manifest;
  for (const { name, size } of manifest.files) {
    const actual = await stat(join(folder, name)).then(
      (found) => found.size,
      () => undefined,
    );
    if (actual !== size) {
      const what = actual === undefined ? 'is missing' : `has ${actual} bytes, not ${size}`;
      throw new InvalidModelError(`${name} in ${folder} ${what}. ${fetchAgain}`);
    }
  }
  return manifest;
}

/** @throws InvalidModelError if the content of a file does not match the manifest */
export async function verifyContent(
  folder: string,
  manifest: BaseModelManifest,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, sha256 } of manifest.files) {
    if ((await sha256OfFile(join(folder, name), signal)) !== sha256) {
      throw new InvalidModelError(`${name} in ${folder} was changed after it was fetched. ${fetchAgain}`);
    }
  }
}

const fetchAgain = 'Remove the folder; the model is then fetched again when it is needed.';

function isFileName(name: string): boolean {
  return /^[A-Za-z0-9][\w.-]*$/.test(name);
}
