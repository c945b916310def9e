import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Dropout } from '../kernels/dropout.js';
import { layerNorm, residualLayerNorm } from '../kernels/layer-norm.js';
import { linear } from '../kernels/linear.js';
import type { Parameters } from './parameters.js';

/** The linear layer whose weight and bias are stored under `name`. */
export function linearLayer(x: Tensor2D, name: string, parameters: Parameters): Tensor2D {
  return linear(x, parameters.matrix(`${name}.weight`), parameters.vector(`${name}.bias`));
}

/** The layer normalisation whose scale and shift are stored under `name`. */
export function layerNormLayer(x: Tensor2D, name: string, epsilon: number, parameters: Parameters): Tensor2D {
  return layerNorm(x, parameters.vector(`${name}.weight`), parameters.vector(`${name}.bias`), epsilon);
}

/** Dropout, residual connection and the layer normalisation stored under `name`. */
export function residualLayer(
  x: Tensor2D,
  residual: Tensor2D,
  name: string,
  epsilon: number,
  parameters: Parameters,
  dropout: Dropout,
): Tensor2D {
  const gamma = parameters.vector(`${name}.weight`);
  const beta = parameters.vector(`${name}.bias`);
  return residualLayerNorm(x, residual, gamma, beta, epsilon, dropout);
}
