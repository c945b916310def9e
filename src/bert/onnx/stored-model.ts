import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEncoderConfig, type EncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { nameInFile } from '../weights/parameter-names.js';
import { SafetensorsFile, type StoredTensor } from '../weights/safetensors.js';
import type { ExternalData } from './graph.js';

/**
 * A folder's `config.json` and `model.safetensors`, for a graph that refers to the weights. Close it after
 * use.
 */
export class StoredModel {
  /** @throws InvalidModelError if one of the two cannot be used. */
  static async open(folder: string): Promise<StoredModel> {
    const config = parseEncoderConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
    return new StoredModel(config, SafetensorsFile.open(join(folder, weightsFile)));
  }

  private constructor(
    readonly config: EncoderConfig,
    private readonly weights: SafetensorsFile,
  ) {}

  /**
   * Where the parameter of this canonical name is stored.
   * @throws InvalidModelError if it is missing, has another shape or is not float32.
   */
  place(canonicalName: string, shape: readonly number[]): ExternalData {
    const { fileOffset, byteLength } = this.tensor(canonicalName, shape);
    return { file: weightsFile, offset: fileOffset, length: byteLength };
  }

  /** @throws InvalidModelError as {@link place} does. */
  read(canonicalName: string, shape: readonly number[]): Float32Array {
    this.tensor(canonicalName, shape);
    return this.weights.read(this.nameInFile(canonicalName)).data;
  }

  close(): void {
    this.weights.close();
  }

  private tensor(canonicalName: string, shape: readonly number[]): StoredTensor {
    const name = this.nameInFile(canonicalName);
    const tensor = this.weights.tensors.get(name);
    if (tensor?.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
      const found = tensor ? `it is ${tensor.dtype} [${tensor.shape.join()}]` : 'it is not there';
      throw new InvalidModelError(
        `${this.weights.path}: ${name} must be F32 [${shape.join()}] to serve this model, but ${found}. ` +
          'Take config.json and model.safetensors from one fine-tuned model.',
      );
    }
    return tensor;
  }

  private nameInFile(canonicalName: string): string {
    return nameInFile(this.config.modelType, canonicalName);
  }
}

const weightsFile = 'model.safetensors';
