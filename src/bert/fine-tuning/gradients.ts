import { addN, engine, tidy, type Tensor } from '@tensorflow/tfjs-core';
import type { BertConfig } from '../config.js';
import { crossEntropy } from '../kernels/cross-entropy.js';
import { sumOfSquares } from '../kernels/sum-of-squares.js';
import type { Batch } from '../network/batch.js';
import { classify } from '../network/classifier.js';
import type { DropoutPlaces } from '../network/dropout-places.js';
import type { ParameterSnapshot } from './parameter-store.js';

export interface LossAndGradients {
  /** Mean cross-entropy of the batch. */
  loss: number;
  /** By parameter name; the caller disposes them. */
  gradients: Map<string, Tensor>;
}

/** Forward and backward pass of one batch. */
export function lossAndGradients(
  config: BertConfig,
  parameters: ParameterSnapshot,
  batch: Batch,
  dropout: DropoutPlaces,
): LossAndGradients {
  const names = [...parameters.tensors.keys()];
  const { value, grads } = engine().gradients(
    () => crossEntropy(classify(config, parameters, batch, dropout), batch.labels),
    [...parameters.tensors.values()],
  );
  const loss = value.dataSync()[0]!;
  value.dispose();
  return { loss, gradients: new Map(names.map((name, i) => [name, grads[i]!])) };
}

/** The L2 norm of all gradients taken as one vector (`torch.nn.utils.clip_grad_norm_`). */
export function globalNorm(gradients: Iterable<Tensor>): number {
  return Math.sqrt(tidy(() => addN([...gradients].map((gradient) => sumOfSquares(gradient))).dataSync()[0]!));
}

/** What to multiply gradients with so that their norm is at most `maximum`; PyTorch's formula, small constant included. */
export function clippingScale(norm: number, maximum: number): number {
  return Math.min(1, maximum / (norm + 1e-6));
}
