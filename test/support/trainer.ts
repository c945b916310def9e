import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { DatasetDto } from '../../packages/client/src/index.js';
import type { Training } from './service-client.js';
import { startServiceProcess, type RunningService, type ServiceOptions } from './service-process.js';

/*
 * For tests that train the tiny BERT of the goldens through HTTP, in the built service. Its sentences have
 * the first two words in order ("The cat …") or not ("Cat the …"). The model learns this in a few epochs.
 */

/** Makes a base-model folder with tiny-bert for a file of tests. It is removed after the tests of the file. */
export function tinyBaseModels(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-base-models-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(tinyBert, path.join(folder, 'tiny-bert'), { recursive: true });
  return folder;
}

export const tinyBert = fileURLToPath(new URL('../goldens/tiny-bert/', import.meta.url));

export function startTrainer(baseModels: string, options: ServiceOptions = {}): Promise<RunningService> {
  return startServiceProcess({
    ...options,
    settings: { WELLFORMED_BASE_MODELS: baseModels, ...options.settings },
  });
}

/** A training that takes far longer than a test waits. */
export function slow({ id }: DatasetDto): Training {
  return { datasetId: id, epochs: 20, batchSize: 1 };
}

export function quick({ id }: DatasetDto): Training {
  return { datasetId: id, epochs: 1 };
}
