import { access } from 'node:fs/promises';
import path from 'node:path';
import { graphFiles, int8WeightsFile } from '../bert/onnx/precisions.js';
import type { StagedFolder } from '../storage/blob-store.js';
import type { ModelCard } from './model-card.js';
import type { PromotionRule } from './model-version.js';

/** A trained model that is to become a version, with the content of its card. */
export interface Registration extends ModelCard {
  /** Contains every file of the version except its card: see {@link assertComplete}. */
  staged: StagedFolder;
  /**
   * sha256 (hex) by file name, computed by the process that wrote the files: hashing 440 MB would block the
   * HTTP thread.
   */
  sums: Readonly<Record<string, string>>;
  promote: PromotionRule;
  /**
   * Runs in the transaction that inserts the version. So the run ends if and only if the version is stored.
   */
  alongside?: (modelId: string) => Promise<void>;
}

const requiredFiles = ['config.json', 'model.safetensors', graphFiles.fp32];
/** For versions with assessed precisions. */
const int8Files = [graphFiles.int8, int8WeightsFile];
const vocabularies = ['tokenizer.json', 'vocab.txt'];

/** @throws Error if a required file is missing. */
export async function assertComplete({
  staged,
  serving,
}: Pick<Registration, 'staged' | 'serving'>): Promise<void> {
  const required = serving === null ? requiredFiles : [...requiredFiles, ...int8Files];
  const missing: string[] = [];
  for (const name of required) if (!(await exists(staged, name))) missing.push(name);
  const words = await Promise.all(vocabularies.map((name) => exists(staged, name)));
  if (!words.includes(true)) missing.push(vocabularies.join(' or '));
  if (missing.length > 0) {
    throw new Error(`This is a bug: a model was to be registered without ${missing.join(', ')}.`);
  }
}

async function exists(staged: StagedFolder, name: string): Promise<boolean> {
  return access(path.join(staged.path, name)).then(
    () => true,
    () => false,
  );
}
