import { tensor1d, tensor4d, type Tensor1D, type Tensor4D, type Tensor } from '@tensorflow/tfjs-core';

/** Tokenised sentences as tensors, padded to one length. */
export interface Batch {
  size: number;
  /** Tokens per row, including padding. */
  length: number;
  /** int32 [size · length] */
  tokenIds: Tensor1D;
  /** Added to attention scores: 0 for a token, very negative for padding. [size, 1, 1, length] */
  attentionBias: Tensor4D;
  /** int32 [size] */
  labels: Tensor1D;
}

/** Low enough that its softmax is exactly 0, but far from overflow when a score is added. */
const MASKED = -1e30;

/** Makes the tensors of a batch. The caller disposes them, with {@link disposeBatch} or a tidy. */
export function makeBatch(
  rows: readonly ArrayLike<number>[],
  labels: readonly number[],
  padTokenId: number,
): Batch {
  const size = rows.length;
  const length = Math.max(...rows.map((row) => row.length));
  const tokenIds = new Int32Array(size * length).fill(padTokenId);
  const bias = new Float32Array(size * length).fill(MASKED);
  rows.forEach((row, i) => {
    tokenIds.set(row, i * length);
    bias.fill(0, i * length, i * length + row.length);
  });
  return {
    size,
    length,
    tokenIds: tensor1d(tokenIds, 'int32'),
    attentionBias: tensor4d(bias, [size, 1, 1, length]),
    labels: tensor1d(Int32Array.from(labels), 'int32'),
  };
}

export function disposeBatch(batch: Batch): void {
  for (const tensor of [batch.tokenIds, batch.attentionBias, batch.labels] as Tensor[]) tensor.dispose();
}
