import {
  add,
  concat,
  exp,
  logSoftmax,
  mul,
  neg,
  slice,
  sub,
  sum,
  type Scalar,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * The divergence of two judgements of the same rows: Σ KL(P‖Q) + KL(Q‖P) over the rows, where P and Q are the
 * softmaxes of the first and second half of the logits. R-Drop adds it to the loss (Liang et al., "R-Drop:
 * Regularized dropout for neural networks", 2021, section 2).
 * @param logits [2 · rows, classes]
 * @param scale factor of the sum
 * @returns a scalar
 */
export function symmetricDivergence(logits: Tensor2D, scale: number): Scalar {
  return fused({
    inputs: [logits],
    forward: () => {
      const { divergence, gradient } = divergenceAndGradient(logits, scale);
      return { output: divergence, saved: [gradient] };
    },
    gradient: (dy, [gradient]) => [mul(gradient!, dy)],
  });
}

function divergenceAndGradient(logits: Tensor2D, scale: number): { divergence: Scalar; gradient: Tensor } {
  const rows = logits.shape[0] / 2;
  const logProbabilities = logSoftmax(logits, -1);
  const logP = slice(logProbabilities, [0, 0], [rows, -1]);
  const logQ = slice(logProbabilities, [rows, 0], [rows, -1]);
  const [p, q] = [exp(logP), exp(logQ)];
  const logRatio = sub(logP, logQ);
  const difference = sub(p, q);
  // For one row, with r = log p - log q: d/dz_P Σ (pᵢ - qᵢ)·rᵢ = p·(r - Σ pᵢ·rᵢ) + p - q. For z_Q, exchange p
  // and q.
  const gradientP = add(mul(p, sub(logRatio, sum(mul(p, logRatio), -1, true))), difference);
  const gradientQ = neg(add(mul(q, sub(logRatio, sum(mul(q, logRatio), -1, true))), difference));
  return {
    divergence: mul(sum(mul(difference, logRatio)), scale),
    gradient: mul(concat([gradientP, gradientQ], 0), scale),
  };
}
