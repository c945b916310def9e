import {
  add,
  addN,
  div,
  engine,
  minimum,
  mul,
  sqrt,
  tidy,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { crossEntropy } from '../kernels/cross-entropy.js';
import { halfSumOfSquares } from '../kernels/half-sum-of-squares.js';
import type { Batch } from '../network/batch.js';
import { classify } from '../network/classifier.js';
import type { DropoutPlaces } from '../network/dropout-places.js';
import type { Loss } from './objective.js';
import type { ParameterSnapshot } from '../engines/parameter-store.js';

/** What a pass gives. It stays on the device: reading a number there would wait for everything before it. */
export interface LossAndGradients {
  /** Mean cross-entropy of the batch, unless another loss was asked for. The caller disposes it. */
  loss: Scalar;
  /** By parameter name; the caller disposes them. */
  gradients: Map<string, Tensor>;
}

/**
 * Forward and backward pass of one batch.
 * @param loss of the logits, see `Objective`
 */
export function lossAndGradients(
  config: EncoderConfig,
  parameters: ParameterSnapshot,
  batch: Batch,
  dropout: DropoutPlaces,
  loss: Loss = crossEntropy,
): LossAndGradients {
  const names = [...parameters.tensors.keys()];
  const { value, grads } = engine().gradients(
    () => loss(classify(config, parameters, batch, dropout), batch.labels),
    [...parameters.tensors.values()],
  );
  return { loss: value as Scalar, gradients: new Map(names.map((name, i) => [name, grads[i]!])) };
}

/**
 * Adds up the passes that a step is computed in, one after the other: memory holds one pass and the sum so far. Takes over what
 * the passes give. The sum is that of one large batch if each pass's loss is its part of the batch's: see `Objective.partOf`.
 * @param passes at least one
 */
export function accumulate(passes: Iterable<LossAndGradients>): LossAndGradients {
  let sum: LossAndGradients | undefined;
  for (const pass of passes) {
    if (!sum) {
      sum = pass;
      continue;
    }
    sum.loss = addInto(sum.loss, pass.loss);
    for (const [name, gradient] of pass.gradients) {
      sum.gradients.set(name, addInto(sum.gradients.get(name)!, gradient));
    }
  }
  if (!sum) throw new Error('A step has no examples. This is a bug.');
  return sum;
}

function addInto<T extends Tensor>(before: T, more: T): T {
  const sum = add<T>(before, more);
  before.dispose();
  more.dispose();
  return sum;
}

/** The L2 norm of all gradients taken as one vector (`torch.nn.utils.clip_grad_norm_`). */
export function globalNorm(gradients: Iterable<Tensor>): Scalar {
  return tidy(() => sqrt(mul<Scalar>(2, addN([...gradients].map((gradient) => halfSumOfSquares(gradient))))));
}

/** What to multiply gradients with so that their norm is at most `maximum`; PyTorch's formula, small constant included. */
export function clippingScale(norm: Scalar, maximum: number): Scalar {
  return tidy(() => minimum(1, div(maximum, add(norm, 1e-6))));
}
