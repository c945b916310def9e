import { gather, unsortedSegmentSum, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * Rows of an embedding table. TF.js's own `gather` has this gradient too, behind transposes that a table does not need.
 * @param table [rows, hidden]
 * @param indices int32 [n]
 * @returns [n, hidden]
 */
export function embeddingLookup(table: Tensor2D, indices: Tensor1D): Tensor2D {
  return fused({
    inputs: [table],
    forward: () => ({ output: gather(table, indices), saved: [indices] }),
    gradient: (dy, saved) => [unsortedSegmentSum(dy, saved[0] as Tensor1D, table.shape[0])],
  });
}
