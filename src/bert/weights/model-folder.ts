import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEncoderConfig, type EncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { parseJsonFile, readTextFile, textFileLimits } from '../json-file.js';
import { findTokenizerFiles } from '../tokenizer/files.js';
import type { NamedTensor, WeightSource } from './named-tensor.js';
import { canonicalName, nameInFile } from './parameter-names.js';
import { parameterShapes } from './parameter-shapes.js';
import { SafetensorsFile } from './safetensors.js';

/** An opened Hugging Face folder with a model of a supported architecture. */
export interface ModelFolder {
  readonly config: EncoderConfig;
  /** Names of the tokenizer's files. They are copied into models made from this one. */
  readonly tokenizerFiles: readonly string[];
  /** The parameters in the file, by canonical name. Close it after use. */
  readonly weights: WeightSource;
  /**
   * Canonical names of missing parameters, which must be initialised. A base model lacks all or part of the
   * head (BERT's pooler is the dense layer of the head).
   */
  readonly missing: readonly string[];
  /** Names of tensors in the file that a sentence classifier does not use. */
  readonly ignored: readonly string[];
}

/**
 * Opens `config.json` and `model.safetensors` and checks them against each other. A classification head
 * without exactly two labels is ignored.
 * @throws InvalidModelError if a file is missing or damaged, or a tensor is missing or its shape differs from
 * `config.json`.
 */
export function openModelFolder(folder: string): ModelFolder {
  const config = parseEncoderConfig(readJson(join(folder, 'config.json')));
  const tokenizerFiles = findTokenizerFiles(folder);
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
const optionalParts = ['head.output.', 'head.dense.'];

function matchParameters(
  file: SafetensorsFile,
  config: EncoderConfig,
): Pick<ModelFolder, 'weights' | 'missing' | 'ignored'> {
  const expected = parameterShapes(config);
  const storedNames = new Map<string, string>();
  const ignored: string[] = [];
  for (const [stored, { dtype, shape }] of file.tensors) {
    const name = canonicalName(config.modelType, stored);
    const expectedShape = name === null ? undefined : expected.get(name);
    if (name?.startsWith('encoder.layer.') && !expectedShape) {
      throw new InvalidModelError(
        `${file.path} has ${stored}, but config.json says ${config.numHiddenLayers} layers. Take both from one model.`,
      );
    }
    const otherClassifier = name?.startsWith('head.output.') && shape.join() !== expectedShape?.join();
    if (name === null || !expectedShape || otherClassifier) {
      ignored.push(stored);
      continue;
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
    if (storedNames.has(name)) {
      throw new InvalidModelError(
        `${file.path} has one tensor twice, as ${storedNames.get(name)} and as ${stored}. Remove one of them.`,
      );
    }
    storedNames.set(name, stored);
  }
  for (const part of optionalParts) {
    // A layer with only a weight or only a bias is ignored.
    if (storedNames.has(`${part}weight`) !== storedNames.has(`${part}bias`)) {
      for (const name of [`${part}weight`, `${part}bias`]) {
        if (storedNames.has(name)) ignored.push(storedNames.get(name)!);
        storedNames.delete(name);
      }
    }
  }
  const missing = [...expected.keys()].filter((name) => !storedNames.has(name));
  const needed = missing.filter((name) => !optionalParts.some((part) => name.startsWith(part)));
  if (needed.length > 0) {
    const first = nameInFile(config.modelType, needed[0]!);
    throw new InvalidModelError(
      `${file.path} lacks ${needed.length} of the tensors that config.json calls for, ${first} first. ` +
        'Use the complete files of one model.',
    );
  }
  return { weights: new RenamedWeights(file, storedNames), missing, ignored };
}

class RenamedWeights implements WeightSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly #file: SafetensorsFile;
  readonly #storedNames: ReadonlyMap<string, string>;

  constructor(file: SafetensorsFile, storedNames: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#storedNames = storedNames;
    this.shapes = new Map([...storedNames].map(([name, stored]) => [name, file.shapes.get(stored)!]));
  }

  read(name: string): NamedTensor {
    const { shape, data } = this.#file.read(this.#storedNames.get(name) ?? name);
    return { name, shape, data };
  }

  close(): void {
    this.#file.close();
  }
}

function readJson(path: string): unknown {
  const text = readTextFile(path, textFileLimits['config.json']);
  if (text === undefined) {
    throw new InvalidModelError(`${path} is missing. Copy it from the original model.`);
  }
  return parseJsonFile(path, text);
}
