import { graphFiles, int8WeightsFile, precisions, type Precision } from '../bert/onnx/precisions.js';

const weights: readonly string[] = ['model.safetensors', int8WeightsFile];

/** Says of a file of a version whether it is read to serve a precision: all but the card and what belongs to other precisions. */
export function servesFrom(precision: Precision): (name: string) => boolean {
  const others = precisions.filter((other) => other !== precision).map((other) => graphFiles[other]);
  const unread = new Set(['README.md', ...others, ...(precision === 'int8' ? [] : [int8WeightsFile])]);
  return (name) => !unread.has(name);
}

/** Whether a file is as large as the model. */
export function isWeightsFile(name: string): boolean {
  return weights.includes(name);
}
