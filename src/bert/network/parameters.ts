import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** The tensors of a model under their canonical names (`weights/parameter-names.ts`), as one step of training or evaluation sees them. */
export interface Parameters {
  /** @throws Error if the model has no such parameter. */
  matrix(name: string): Tensor2D;
  vector(name: string): Tensor1D;
}

export const WORD_EMBEDDINGS = 'embeddings.word_embeddings.weight';
