import { access } from 'node:fs/promises';
import path from 'node:path';
import { graphFiles, int8WeightsFile } from '../bert/onnx/precisions.js';
import type { StagedFolder } from '../storage/blob-store.js';
import type { ModelCard } from './model-card.js';
import type { PromotionRule } from './model-version.js';

/** A trained model that is to become a version, and what its card tells. */
export interface Registration extends ModelCard {
  /** Holds every file of the version but its card: see {@link assertComplete}. */
  staged: StagedFolder;
  /** sha256 (hex) of the files in the folder by name, from whoever wrote them: hashing 440 MB would hold up the HTTP thread. */
  sums: Readonly<Record<string, string>>;
  promote: PromotionRule;
  /** Done in the transaction that inserts the version, so that both happen or neither: the run that made it ends here. */
  alongside?: (modelId: string) => Promise<void>;
}

const requiredFiles = ['config.json', 'model.safetensors', graphFiles.fp32];
/** Of a version whose precisions were assessed. */
const int8Files = [graphFiles.int8, int8WeightsFile];
const vocabularies = ['tokenizer.json', 'vocab.txt'];

/** @throws Error if a file that every version has is not there. */
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
