import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { BertConfig } from '../../bert/config.js';
import { parameterShapes } from '../../bert/weights/parameter-shapes.js';
import type { NamedTensor } from '../../bert/weights/named-tensor.js';
import { writeSafetensors } from '../../bert/weights/safetensors.js';

/** Writes a model's weights, in place of those of an earlier epoch once they are whole. */
export function writeCheckpoint(folder: string, config: BertConfig, weights: Iterable<NamedTensor>): void {
  const path = join(folder, 'model.safetensors');
  const shapes = [...parameterShapes(config)].map(([name, shape]) => ({ name, shape }));
  writeSafetensors(`${path}.new`, shapes, weights);
  renameSync(`${path}.new`, path);
}
