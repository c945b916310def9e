import { mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { ManifestFile } from './blob-store.js';
import { syncFile, syncFolder, writeDurably } from './durable-files.js';
import { sha256OfFile } from './file-hash.js';

/** In each sealed folder: what it holds. Not listed in itself. */
export const MANIFEST = 'manifest.json';

/** What every manifest has; each kind of folder adds more. */
export interface SealedManifest {
  files: ManifestFile[];
}

/**
 * Makes the files of a folder durable.
 * @param knownSums sha256 (hex) of files that the caller has hashed already, by name: the others are read and hashed here
 * @returns all of them, by name
 */
export async function durableFiles(
  folder: string,
  { knownSums = {}, signal }: { knownSums?: Readonly<Record<string, string>>; signal?: AbortSignal } = {},
): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const file = path.join(folder, name);
    const size = await syncFile(file);
    files.push({ name, size, sha256: knownSums[name] ?? (await sha256OfFile(file, signal)) });
  }
  return files;
}

/**
 * Gives a folder whose files are durable its manifest and then its name, so that it is there whole or not at all. A folder with
 * files in it is never replaced: the error of `rename` says so.
 */
export async function sealFolder(staged: string, target: string, manifest: SealedManifest): Promise<void> {
  await writeDurably(path.join(staged, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await syncFolder(staged);
  await mkdir(path.dirname(target), { recursive: true });
  await rename(staged, target);
  await syncFolder(path.dirname(target));
}

/**
 * Reads a manifest.
 * @param isName whether a file may have this name: names become paths, so what lies on the disk is not trusted with them
 * @returns null where the text is no manifest
 */
export function parseManifest<T extends SealedManifest>(
  text: string,
  isName: (name: string) => boolean,
): T | null {
  let manifest: Partial<T> | null;
  try {
    manifest = JSON.parse(text) as Partial<T> | null;
  } catch {
    return null;
  }
  const files: unknown = manifest?.files;
  const isUsable =
    Array.isArray(files) &&
    files.every(
      (file: Partial<ManifestFile> | null) =>
        typeof file?.name === 'string' &&
        isName(file.name) &&
        Number.isSafeInteger(file.size) &&
        typeof file.sha256 === 'string',
    );
  return isUsable ? (manifest as T) : null;
}
