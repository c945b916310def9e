import { chmod, readdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidModelError } from '../bert/errors.js';
import { syncFile, syncFolder, writeDurably } from '../storage/durable-files.js';
import { sha256OfFile } from '../storage/file-hash.js';
import type { ManifestFile } from '../storage/blob-store.js';
import type { SourceKind } from './source.js';

/** What a stored base model's `manifest.json` says. */
export interface BaseModelManifest {
  name: string;
  source: { kind: SourceKind; [detail: string]: unknown };
  fetchedAt: string;
  files: ManifestFile[];
}

/**
 * Writes the manifest, makes all of it durable and gives the folder its name, in this order.
 * @returns false if another process published the same model meanwhile: the staged folder is still there then.
 */
export async function publishFolder(
  staged: string,
  target: string,
  { name, source }: Pick<BaseModelManifest, 'name' | 'source'>,
  signal: AbortSignal,
): Promise<boolean> {
  const files: ManifestFile[] = [];
  for (const file of (await readdir(staged)).sort()) {
    const path = join(staged, file);
    files.push({ name: file, size: await syncFile(path), sha256: await sha256OfFile(path, signal) });
  }
  const manifest: BaseModelManifest = { name, source, fetchedAt: new Date().toISOString(), files };
  await writeDurably(join(staged, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  // mkdtemp made it private; a model may be read by whoever may read its parent.
  await chmod(staged, 0o755);
  await syncFolder(staged);
  signal.throwIfAborted();
  try {
    await rename(staged, target);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
  await syncFolder(dirname(target));
  return true;
}

/**
 * The manifest of a stored model, its files' sizes checked against it; null for a folder that was put there by hand.
 * @param options.compared whether the files' sizes are
 * @throws InvalidModelError if a file is missing or has another size.
 */
export async function readManifest(
  folder: string,
  { compared = true } = {},
): Promise<BaseModelManifest | null> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const manifest = parse(text);
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

/** @throws InvalidModelError if a file's content is not what the manifest says. */
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

const manifestName = 'manifest.json';
const fetchAgain = 'Remove the folder; the model is then fetched again when it is needed.';

/** null: not a manifest of this kind, but some file of that name. */
function parse(text: string): BaseModelManifest | null {
  let json: Partial<BaseModelManifest> | null;
  try {
    json = JSON.parse(text) as Partial<BaseModelManifest> | null;
  } catch {
    return null;
  }
  const files: unknown = json?.files;
  const plainName = /^[A-Za-z0-9][\w.-]*$/;
  const usable =
    Array.isArray(files) &&
    files.every(
      (file: Partial<ManifestFile> | null) =>
        plainName.test(file?.name ?? '') && Number.isInteger(file?.size) && typeof file?.sha256 === 'string',
    );
  return usable ? (json as BaseModelManifest) : null;
}
