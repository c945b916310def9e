import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEncoderConfig } from '../bert/config.js';
import { readJsonObject, textFileLimits } from '../bert/json-file.js';
import { syncFolder } from '../storage/durable-files.js';
import { catalogue, type EncoderSizes } from './catalogue.js';
import type { SourceKind } from './source.js';
import { STAGING } from './staging.js';
import { readManifest, type BaseModelManifest } from './stored-folder.js';

/** A base model on disk or in the catalogue. */
export interface BaseModel {
  name: string;
  description: string | null;
  licence: string | null;
  architecture: EncoderSizes | null;
  stored: boolean;
  source: SourceKind | 'folder' | null;
  bytes: number | null;
}

/** The maximum depth of folders in which models are searched: `owner/name`, and one more. */
const DEEPEST = 3;

/** Lists the catalogue, then all other models below a folder. */
export async function listBaseModels(folder: string): Promise<BaseModel[]> {
  const stored = new Map<string, Pick<BaseModel, 'architecture' | 'source' | 'bytes'>>();
  for await (const name of modelFolders(folder)) {
    const path = join(folder, name);
    const manifest = await manifestOf(path);
    stored.set(manifest?.name ?? name, {
      architecture: architectureOf(path),
      source: manifest?.source.kind ?? 'folder',
      bytes: await bytesOf(path),
    });
  }
  const known = catalogue.map(({ name, description, licence, architecture }) => {
    const found = stored.get(name);
    stored.delete(name);
    const missing = { source: null, bytes: null };
    return {
      name,
      description,
      licence,
      ...missing,
      ...found,
      architecture: found?.architecture ?? architecture,
      stored: Boolean(found),
    };
  });
  const others = [...stored].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...known,
    ...others.map(([name, found]) => ({ name, description: null, licence: null, ...found, stored: true })),
  ];
}

/** Disk space of all base models. It reads none of their files, because each metrics page asks for it. */
export async function storedSpace(folder: string): Promise<{ folders: number; bytes: number }> {
  const space = { folders: 0, bytes: 0 };
  for await (const name of modelFolders(folder)) {
    space.folders++;
    space.bytes += await bytesOf(join(folder, name));
  }
  return space;
}

/**
 * Removes a downloaded base model. It is first renamed to a name that no model can have, so that a partial
 * model never exists.
 * @param path of the model
 * @returns why the model cannot be removed, if it cannot
 */
export async function removeStored(
  baseModels: string,
  path: string,
): Promise<'link' | 'by-hand' | 'removed'> {
  if ((await lstat(path)).isSymbolicLink()) return 'link';
  if ((await manifestOf(path)) === null) return 'by-hand';
  const staging = join(baseModels, STAGING);
  await mkdir(staging, { recursive: true });
  // The next start removes what a crash leaves here.
  const away = join(staging, `old-${randomUUID()}`);
  await rename(path, away);
  await syncFolder(baseModels);
  await rm(away, { recursive: true, force: true });
  return 'removed';
}

/** Yields relative paths of folders with a `config.json`. Links are not followed. */
async function* modelFolders(root: string, folder = '', depth = 1): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const isModel = await stat(join(root, path, 'config.json')).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isModel) yield path.replaceAll('\\', '/');
    else if (depth < DEEPEST) yield* modelFolders(root, path, depth + 1);
  }
}

/**
 * Returns null for a folder that somebody put there by hand. A damaged model has a manifest too, so that it
 * can be listed and removed.
 */
async function manifestOf(path: string): Promise<BaseModelManifest | null> {
  return readManifest(path, { compared: false });
}

function architectureOf(path: string): EncoderSizes | null {
  try {
    const {
      modelType,
      numHiddenLayers,
      embeddingSize,
      hiddenSize,
      intermediateSize,
      numAttentionHeads,
      vocabSize,
    } = parseEncoderConfig(readJsonObject(join(path, 'config.json'), textFileLimits['config.json']) ?? {});
    return {
      modelType,
      numHiddenLayers,
      embeddingSize,
      hiddenSize,
      intermediateSize,
      numAttentionHeads,
      vocabSize,
    };
  } catch {
    return null;
  }
}

async function bytesOf(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await stat(join(path, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}
