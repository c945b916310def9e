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

/** The result of a pass. It stays on the device: reading a number would wait for all earlier computations. */
export interface LossAndGradients {
  /** Mean cross-entropy of the batch, or the requested loss. The caller disposes it. */
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
 * Sums the passes of a step one after the other. So memory holds only one pass and the sum so far. It takes
 * over the tensors of the passes. The sum equals that of one large batch if the loss of each pass is its part
 * of the batch's loss: see `Objective.partOf`.
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

/** The L2 norm of all gradients as one vector (`torch.nn.utils.clip_grad_norm_`). */
export function globalNorm(gradients: Iterable<Tensor>): Scalar {
  return tidy(() => sqrt(mul<Scalar>(2, addN([...gradients].map((gradient) => halfSumOfSquares(gradient))))));
}

/**
 * The factor that limits the norm of gradients to `maximum`. PyTorch's formula, including its small constant.
 */
export function clippingScale(norm: Scalar, maximum: number): Scalar {
  return tidy(() => minimum(1, div(maximum, add(norm, 1e-6))));
}
