import {
  add,
  cast,
  div,
  exp,
  logSoftmax,
  mul,
  neg,
  oneHot,
  sub,
  sum,
  tensor1d,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

export interface CrossEntropyOptions {
  /** Share ε of each target that is spread evenly over all classes (Szegedy et al., 2016, section 7). */
  labelSmoothing?: number;
  /** Weight of each class. */
  classWeights?: readonly number[];
  /**
   * Divisor of the sum over the rows, if they are part of a batch. Default: the sum of the weights of their
   * labels.
   */
  divisor?: number;
}

/**
 * Mean cross-entropy of the softmax of logits against class numbers, as in `torch.nn.CrossEntropyLoss` with
 * `weight` and `label_smoothing`. Smoothed targets are weighted by class, and the mean is weighted by the
 * labels.
 * @param logits [batch, classes]
 * @param labels int32 [batch], each less than `classes`
 * @returns a scalar
 */
export function crossEntropy(logits: Tensor2D, labels: Tensor1D, options: CrossEntropyOptions = {}): Scalar {
  return fused({
    inputs: [logits],
    forward: () => {
      const { loss, gradient } = lossAndGradient(logits, labels, options);
      return { output: loss, saved: [gradient] };
    },
    gradient: (dy, [gradient]) => [mul(gradient!, dy)],
  });
}

function lossAndGradient(
  logits: Tensor2D,
  labels: Tensor1D,
  { labelSmoothing, classWeights, divisor }: CrossEntropyOptions,
): { loss: Scalar; gradient: Tensor } {
  const [batch, classes] = logits.shape;
  const logProbabilities = logSoftmax(logits, -1);
  // The cast is needed: oneHot of the WebAssembly backend writes integers whatever type is requested.
  const classOf = cast(oneHot(labels, classes), 'float32');
  const weights = classWeights && tensor1d([...classWeights]);
  const total = divisor ?? (weights ? sum(mul(classOf, weights)) : batch);

  let targets: Tensor = classOf;
  if (labelSmoothing) targets = add(mul(classOf, 1 - labelSmoothing), labelSmoothing / classes);
  if (weights) targets = mul(targets, weights);
  const loss = div(neg(sum(mul(targets, logProbabilities))), total) as Scalar;
  // For one row: d/dz -Σ tᵢ·log pᵢ = p·Σ tᵢ - t, where Σ tᵢ is 1 unless classes are weighted.
  const probabilities = exp(logProbabilities);
  const expected = weights ? mul(probabilities, sum(targets, -1, true)) : probabilities;
  return { loss, gradient: div(sub(expected, targets), total) };
}
