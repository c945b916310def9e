import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startService } from './service.js';
import { registerTinyModel } from './tiny-model.js';

export interface SeededFolder {
  path: string;
  /** The first is in production. */
  models: string[];
}

/** A data folder that has tiny models in its registry, and `tiny-bert` among its base models. To be removed by whoever asked for it. */
export async function seededFolder({ models = 1 } = {}): Promise<SeededFolder> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-seeded-'));
  const base = path.join(folder, 'base-models', 'tiny-bert');
  mkdirSync(path.dirname(base), { recursive: true });
  cpSync(fileURLToPath(new URL('../goldens/tiny-bert/', import.meta.url)), base, { recursive: true });
  const service = await startService(folder);
  try {
    const ids: string[] = [];
    while (ids.length < models) {
      const promote = ids.length === 0 ? 'auto' : 'never';
      ids.push((await registerTinyModel(service.app, { promote })).id);
    }
    return { path: folder, models: ids };
  } finally {
    await service.stop();
  }
}
