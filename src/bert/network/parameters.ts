import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** The tensors of a model under their Hugging Face names, as one step of training or evaluation sees them. */
export interface Parameters {
  /** @throws Error if the model has no such parameter. */
  matrix(name: string): Tensor2D;
  vector(name: string): Tensor1D;
}

export const WORD_EMBEDDINGS = 'bert.embeddings.word_embeddings.weight';
