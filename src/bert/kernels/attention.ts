import {
  add,
  matMul,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  transpose,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { dropoutMask, type Dropout } from './dropout.js';
import { fused } from './fused.js';

export interface AttentionShape {
  /** Number of sentences. */
  size: number;
  heads: number;
}

/**
 * Scaled dot-product attention with several heads and dropout on the probabilities (Vaswani et al., 2017,
 * section 3.2).
 * @param query [size · queryLength, hidden]
 * @param key [size · length, hidden]
 * @param value [size · length, hidden]
 * @param bias added to the scores: [size, 1, 1, length]
 * @returns [size · queryLength, hidden]
 */
export function multiHeadAttention(
  query: Tensor2D,
  key: Tensor2D,
  value: Tensor2D,
  bias: Tensor4D,
  { size, heads }: AttentionShape,
  dropout: Dropout,
): Tensor2D {
  const hidden = query.shape[1];
  const headSize = hidden / heads;
  const scale = 1 / Math.sqrt(headSize);
  /** [size · n, hidden] → [size, heads, n, headSize] */
  const split = (x: Tensor2D): Tensor4D =>
    transpose(reshape(x, [size, -1, heads, headSize]) as Tensor4D, [0, 2, 1, 3]);
  const merge = (x: Tensor4D): Tensor2D => reshape(transpose(x, [0, 2, 1, 3]), [-1, hidden]);

  return fused({
    inputs: [query, key, value],
    forward: () => {
      const [q, k, v] = [split(query), split(key), split(value)];
      const probabilities = softmax(add(mul(matMul(q, k, false, true), scale), bias)) as Tensor4D;
      const mask = dropoutMask(probabilities.shape, dropout);
      const kept = mask ? mul(probabilities, mask) : probabilities;
      return {
        output: merge(matMul(kept, v) as Tensor4D),
        saved: mask ? [q, k, v, probabilities, mask] : [q, k, v, probabilities],
      };
    },
    gradient: (dy, saved) => {
      const [q, k, v, probabilities, mask] = saved as [Tensor4D, Tensor4D, Tensor4D, Tensor4D, Tensor4D?];
      const dContext = split(dy);
      const kept = mask ? mul(probabilities, mask) : probabilities;
      const dKept = matMul(dContext, v, false, true) as Tensor4D;
      // The softmax's gradient: p · (g - Σ g·p), with the scores' scale.
      const weighted = mul(mask ? mul(dKept, mask) : dKept, probabilities);
      const dScores = mul(sub(weighted, mul(probabilities, sum(weighted, -1, true))), scale) as Tensor4D;
      return [
        merge(matMul(dScores, k) as Tensor4D),
        merge(matMul(dScores, q, true, false) as Tensor4D),
        merge(matMul(kept, dContext, true, false) as Tensor4D),
      ];
    },
  });
}
