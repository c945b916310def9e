import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenizerDefinition } from '../../bert/tokenizer.js';
import { sha256OfFile } from '../../common/file-hash.js';
import type { ManifestFile } from '../../storage/blob-store.js';

/** What a classifier's `config.json` says beside the encoder's sizes. */
export interface ClassifierConfig {
  dropout: number;
}

/** Writes the `config.json` of a fine-tuned model: the base model's, as `AutoModelForSequenceClassification` wants it. */
export async function writeConfig(
  baseFolder: string,
  folder: string,
  { dropout }: ClassifierConfig,
): Promise<void> {
  const base = JSON.parse(await readFile(join(baseFolder, 'config.json'), 'utf8')) as Record<string, unknown>;
  // They tell of the base model's own file, not of this one.
  for (const name of ['_name_or_path', 'torch_dtype', 'transformers_version']) delete base[name];
  const config = {
    ...base,
    architectures: ['BertForSequenceClassification'],
    attention_probs_dropout_prob: dropout,
    classifier_dropout: null,
    dtype: 'float32',
    hidden_dropout_prob: dropout,
    id2label: { 0: 'unacceptable', 1: 'acceptable' },
    label2id: { unacceptable: 0, acceptable: 1 },
    problem_type: 'single_label_classification',
  };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** Copies files of the base model that hold for the fine-tuned one too. */
async function copyFiles(baseFolder: string, folder: string, names: readonly string[]): Promise<void> {
  // Not `copyFile`, which takes the permissions over: base models may be read-only, and a model is opened for writing to sync it.
  for (const name of names) await writeFile(join(folder, name), await readFile(join(baseFolder, name)));
}

/**
 * Copies the tokenizer's files, and adds a `tokenizer.json` where the base model has a `vocab.txt` alone: then programs in any
 * language read the new model's tokenizer alike.
 */
export async function writeTokenizer(
  baseFolder: string,
  folder: string,
  names: readonly string[],
): Promise<void> {
  await copyFiles(baseFolder, folder, names);
  if (names.includes('tokenizer.json')) return;
  await writeFile(
    join(folder, 'tokenizer.json'),
    `${JSON.stringify(tokenizerDefinition(baseFolder), null, 2)}\n`,
  );
}

/** Sizes and sums of all files in a folder, by name. */
export async function fileSums(folder: string): Promise<ManifestFile[]> {
  const sums: ManifestFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    sums.push({ name, size: (await stat(path)).size, sha256: await sha256OfFile(path) });
  }
  return sums;
}
