import { gather, unsortedSegmentSum, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { runFused, type FusedKernel } from './fused-kernel.js';

/**
 * Rows of an embedding table. TF.js's own `gather` has this gradient too, behind transposes that a table does not need.
 * @param table [rows, hidden]
 * @param indices int32 [n]
 * @returns [n, hidden]
 */
export function embeddingLookup(table: Tensor2D, indices: Tensor1D): Tensor2D {
  return runFused(embeddingLookupKernel, { table, indices });
}

export const embeddingLookupKernel: FusedKernel = {
  name: 'EmbeddingLookup',
  portable: ({ table, indices }) => gather(table!, indices as Tensor1D),
  saves: { inputs: ['table', 'indices'] },
  gradient: (dy, saved) => {
    const [table, indices] = saved as [Tensor2D, Tensor1D];
    return { table: () => unsortedSegmentSum(dy as Tensor2D, indices, table.shape[0]) };
  },
};
