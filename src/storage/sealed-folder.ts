import { mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { ManifestFile } from './blob-store.js';
import { syncFile, syncFolder, writeDurably } from './durable-files.js';
import { sha256OfFile } from './file-hash.js';

/** In each sealed folder: the list of its files, without itself. */
export const MANIFEST = 'manifest.json';

/** The common part of all manifests. */
export interface SealedManifest {
  files: ManifestFile[];
}

/**
 * Makes the files of a folder durable.
 * @param knownSums sha256 (hex) by name of files that the caller has already hashed; the others are hashed
 * here
 * @returns all sums, by name
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
 * Writes the manifest of a folder with durable files, and renames the folder atomically. A folder with files
 * in it is never replaced: `rename` fails.
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
 * @param isName whether a file name is allowed. Names become paths, so the manifest is not trusted.
 * @returns null if the text is not a manifest
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
