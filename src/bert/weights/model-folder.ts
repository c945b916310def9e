import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBertConfig, type BertConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { parseJsonFile } from '../json-file.js';
import type { NamedTensor, WeightSource } from './named-tensor.js';
import { canonicalName } from './parameter-names.js';
import { parameterShapes } from './parameter-shapes.js';
import { SafetensorsFile } from './safetensors.js';

/** An opened Hugging Face folder of a BERT model. */
export interface ModelFolder {
  readonly config: BertConfig;
  /** Names of the tokenizer's files in the folder; what is copied into a model made from it. */
  readonly tokenizerFiles: readonly string[];
  /** The parameters that are there, by their names in `BertForSequenceClassification`. Close it. */
  readonly weights: WeightSource;
  /**
   * Parameters that are not there and must be initialised: the classifier (weight and bias) in a base model, in some
   * also the pooler.
   */
  readonly missing: readonly string[];
  /** Tensors of the file that a classifier of sentences has no use for, by their names in the file. */
  readonly ignored: readonly string[];
}

/**
 * Opens `config.json` and `model.safetensors` and checks them against each other.
 * @throws InvalidModelError if a file is missing or damaged, or a tensor is missing or of another shape than
 * `config.json` says. A classifier of other than two labels is ignored.
 */
export function openModelFolder(folder: string): ModelFolder {
  const config = parseBertConfig(readJson(join(folder, 'config.json')));
  const tokenizerFiles = [
    'tokenizer.json',
    'vocab.txt',
    'tokenizer_config.json',
    'special_tokens_map.json',
  ].filter((name) => existsSync(join(folder, name)));
  if (!tokenizerFiles.includes('tokenizer.json') && !tokenizerFiles.includes('vocab.txt')) {
    throw new InvalidModelError(
      `${folder} has neither tokenizer.json nor vocab.txt. Add one from the original model.`,
    );
  }
  const path = join(folder, 'model.safetensors');
  if (!existsSync(path)) {
    throw new InvalidModelError(
      `${folder} has no model.safetensors. Fetch the model with its weights in that format, in one file.`,
    );
  }
  const file = SafetensorsFile.open(path);
  try {
    return { config, tokenizerFiles, ...matchParameters(file, config) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The parts of a model that a base model may lack. */
const optionalParts = ['classifier.', 'bert.pooler.dense.'];

function matchParameters(
  file: SafetensorsFile,
  config: BertConfig,
): Pick<ModelFolder, 'weights' | 'missing' | 'ignored'> {
  const expected = parameterShapes(config);
  const nameInFile = new Map<string, string>();
  const ignored: string[] = [];
  for (const [stored, { dtype, shape }] of file.tensors) {
    const name = canonicalName(stored);
    const expectedShape = name === null ? undefined : expected.get(name);
    const otherClassifier = name?.startsWith('classifier.') && shape.join() !== expectedShape?.join();
    if (name === null || otherClassifier) {
      ignored.push(stored);
      continue;
    }
    if (!expectedShape) {
      throw new InvalidModelError(
        `${file.path} has ${stored}, but config.json says ${config.numHiddenLayers} layers. Take both from one model.`,
      );
    }
    if (shape.join() !== expectedShape.join()) {
      throw new InvalidModelError(
        `${file.path}: ${stored} has the shape [${shape.join()}], but by config.json it must be ` +
          `[${expectedShape.join()}]. Take both files from one model.`,
      );
    }
    if (!['F32', 'F16', 'BF16', 'F64'].includes(dtype)) {
      throw new InvalidModelError(`${file.path}: ${stored} is of type ${dtype}, but weights must be floats.`);
    }
    if (nameInFile.has(name)) {
      throw new InvalidModelError(
        `${file.path} has ${name} twice, as ${nameInFile.get(name)} and as ${stored}.`,
      );
    }
    nameInFile.set(name, stored);
  }
  for (const part of optionalParts) {
    // Half of a layer is of no use: both its weight and its bias are there, or neither counts.
    if (nameInFile.has(`${part}weight`) !== nameInFile.has(`${part}bias`)) {
      for (const name of [`${part}weight`, `${part}bias`]) {
        if (nameInFile.has(name)) ignored.push(nameInFile.get(name)!);
        nameInFile.delete(name);
      }
    }
  }
  const missing = [...expected.keys()].filter((name) => !nameInFile.has(name));
  const needed = missing.filter((name) => !optionalParts.some((part) => name.startsWith(part)));
  if (needed.length > 0) {
    throw new InvalidModelError(
      `${file.path} lacks ${needed.length} of the tensors that config.json calls for, ${needed[0]} first. ` +
        'Use the complete files of a BERT model.',
    );
  }
  return { weights: new RenamedWeights(file, nameInFile), missing, ignored };
}

class RenamedWeights implements WeightSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly #file: SafetensorsFile;
  readonly #nameInFile: ReadonlyMap<string, string>;

  constructor(file: SafetensorsFile, nameInFile: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#nameInFile = nameInFile;
    this.shapes = new Map([...nameInFile].map(([name, stored]) => [name, file.shapes.get(stored)!]));
  }

  read(name: string): NamedTensor {
    const { shape, data } = this.#file.read(this.#nameInFile.get(name) ?? name);
    return { name, shape, data };
  }

  close(): void {
    this.#file.close();
  }
}

function readJson(path: string): unknown {
  if (!existsSync(path)) {
    throw new InvalidModelError(`${path} is missing. Copy it from the original model.`);
  }
  return parseJsonFile(path, readFileSync(path, 'utf8'));
}
