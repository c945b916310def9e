import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

export interface SeededFolder {
  path: string;
  /** The first model is in production. */
  models: string[];
}

/**
 * Makes a data folder with tiny models in its registry and `tiny-bert` among its base models. The caller
 * removes it. The folder is a copy. The first spec of a run makes the original, so that the others need no
 * service for it.
 */
export async function seededFolder({ models = 1 } = {}): Promise<SeededFolder> {
  const original = path.join(inject('runFolder'), `seeded-${models}`);
  if (!existsSync(original)) await make(original, models);
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-seeded-'));
  cpSync(path.join(original, 'data'), folder, { recursive: true });
  return {
    path: folder,
    models: JSON.parse(readFileSync(path.join(original, 'models.json'), 'utf8')) as string[],
  };
}

async function make(original: string, models: number): Promise<void> {
  // Import these only here: they load the whole service, which few specs need in their own process.
  const [{ startService }, { registerTinyModel }] = await Promise.all([
    import('./service.js'),
    import('./tiny-model.js'),
  ]);
  const draft = `${original}.${process.pid}`;
  const data = path.join(draft, 'data');
  const base = path.join(data, 'base-models', 'tiny-bert');
  mkdirSync(path.dirname(base), { recursive: true });
  cpSync(fileURLToPath(new URL('../goldens/tiny-bert/', import.meta.url)), base, { recursive: true });
  const service = await startService(data);
  const ids: string[] = [];
  try {
    while (ids.length < models) {
      const promote = ids.length === 0 ? 'auto' : 'never';
      ids.push((await registerTinyModel(service.app, { promote })).id);
    }
  } finally {
    await service.stop();
  }
  writeFileSync(path.join(draft, 'models.json'), JSON.stringify(ids));
  try {
    renameSync(draft, original);
  } catch (error) {
    // Another spec was faster.
    if (!existsSync(original)) throw error;
    rmSync(draft, { recursive: true });
  }
}
