import { renameSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architectures, type ModelType } from '../architectures/index.js';
import { maxSequenceLength, type EncoderConfig } from '../config.js';
import { completeTokenizerFiles } from '../tokenizer/complete-files.js';
import type { ModelFolder } from './model-folder.js';
import type { NamedTensor } from './named-tensor.js';
import { nameInFile } from './parameter-names.js';
import { parameterShapes } from './parameter-shapes.js';
import { writeSafetensors } from './safetensors.js';

/** Values of a classifier's `config.json` besides the encoder's sizes. */
export interface ClassifierConfig {
  modelType: ModelType;
  dropout: number;
}

/** Writes the `config.json` of a fine-tuned model: the base model's, as `AutoModelForSequenceClassification` wants it. */
export async function writeConfig(
  baseFolder: string,
  folder: string,
  { modelType, dropout }: ClassifierConfig,
): Promise<void> {
  const base = JSON.parse(await readFile(join(baseFolder, 'config.json'), 'utf8')) as Record<string, unknown>;
  // They describe the file of the base model, not this one.
  for (const name of ['_name_or_path', 'torch_dtype', 'transformers_version']) delete base[name];
  const { className, config: fields } = architectures[modelType];
  const config = {
    ...base,
    ...Object.fromEntries(fields.dropout.map((name) => [name, dropout])),
    architectures: [className],
    dtype: 'float32',
    id2label: { 0: 'unacceptable', 1: 'acceptable' },
    label2id: { unacceptable: 0, acceptable: 1 },
    problem_type: 'single_label_classification',
  };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** Copies files of the base model that also apply to the fine-tuned one. */
async function copyFiles(baseFolder: string, folder: string, names: readonly string[]): Promise<void> {
  // `copyFile` would copy the permissions. Base models may be read-only, but syncing a file needs it open for
  // writing.
  for (const name of names) await writeFile(join(folder, name), await readFile(join(baseFolder, name)));
}

/** Copies the tokenizer's files, and adds what some readers of the new model need. */
export async function writeTokenizer(
  baseFolder: string,
  folder: string,
  { config, tokenizerFiles }: Pick<ModelFolder, 'config' | 'tokenizerFiles'>,
): Promise<void> {
  await copyFiles(baseFolder, folder, tokenizerFiles);
  const { modelType } = config;
  const added = completeTokenizerFiles(baseFolder, { modelType, maxLength: maxSequenceLength(config) });
  for (const [name, text] of added) await writeFile(join(folder, name), text);
}

/**
 * Writes a model's weights under the names of transformers. They replace those of an earlier epoch once they
 * are complete.
 * @param weights every parameter, by its canonical name, in any order
 */
export function writeWeights(folder: string, config: EncoderConfig, weights: Iterable<NamedTensor>): void {
  const path = join(folder, 'model.safetensors');
  const stored = (name: string) => nameInFile(config.modelType, name);
  const shapes = [...parameterShapes(config)].map(([name, shape]) => ({ name: stored(name), shape }));
  writeSafetensors(`${path}.new`, shapes, renamed(weights, stored));
  renameSync(`${path}.new`, path);
}

function* renamed(tensors: Iterable<NamedTensor>, rename: (name: string) => string): Generator<NamedTensor> {
  for (const tensor of tensors) yield { ...tensor, name: rename(tensor.name) };
}
