import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { EncoderConfig } from '../../bert/config.js';
import type { NamedTensor } from '../../bert/weights/named-tensor.js';
import { nameInFile } from '../../bert/weights/parameter-names.js';
import { parameterShapes } from '../../bert/weights/parameter-shapes.js';
import { writeSafetensors } from '../../bert/weights/safetensors.js';

/**
 * Writes a model's weights under the names of transformers, in place of those of an earlier epoch once they are whole.
 * @param weights every parameter, by its canonical name, in any order
 */
export function writeCheckpoint(folder: string, config: EncoderConfig, weights: Iterable<NamedTensor>): void {
  const path = join(folder, 'model.safetensors');
  const stored = (name: string) => nameInFile(config.modelType, name);
  const shapes = [...parameterShapes(config)].map(([name, shape]) => ({ name: stored(name), shape }));
  writeSafetensors(`${path}.new`, shapes, renamed(weights, stored));
  renameSync(`${path}.new`, path);
}

function* renamed(tensors: Iterable<NamedTensor>, rename: (name: string) => string): Generator<NamedTensor> {
  for (const tensor of tensors) yield { ...tensor, name: rename(tensor.name) };
}
