import { graphFiles, int8WeightsFile, variants, type Variant } from '../bert/onnx/variants.js';

const weights: readonly string[] = ['model.safetensors', int8WeightsFile];

/** Says of a file of a version whether it is read to serve a variant: all but the card and what belongs to other variants. */
export function servesFrom(variant: Variant): (name: string) => boolean {
  const others = variants.filter((other) => other !== variant).map((other) => graphFiles[other]);
  const unread = new Set(['README.md', ...others, ...(variant === 'int8' ? [] : [int8WeightsFile])]);
  return (name) => !unread.has(name);
}

/** Whether a file is as large as the model. */
export function isWeightsFile(name: string): boolean {
  return weights.includes(name);
}
