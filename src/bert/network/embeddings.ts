import { add, reshape, slice, type Tensor2D } from '@tensorflow/tfjs-core';
import type { BertConfig } from '../config.js';
import { embeddingLookup } from '../kernels/embedding-lookup.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { layerNormLayer } from './layers.js';
import { WORD_EMBEDDINGS, type Parameters } from './parameters.js';

/**
 * What enters the encoder: word + position + token type, normalised (Devlin et al., 2019, figure 2). Every token is of type 0,
 * since a single sentence is judged.
 * @returns [size · length, hidden]
 */
export function embeddings(
  config: BertConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
): Tensor2D {
  const { size, length } = batch;
  const hidden = config.hiddenSize;
  const words = embeddingLookup(parameters.matrix(WORD_EMBEDDINGS), batch.tokenIds);
  const positions = slice(
    parameters.matrix('bert.embeddings.position_embeddings.weight'),
    [0, 0],
    [length, hidden],
  );
  const tokenType = slice(
    parameters.matrix('bert.embeddings.token_type_embeddings.weight'),
    [0, 0],
    [1, hidden],
  );
  const sum = add(reshape(words, [size, length, hidden]), add(positions, tokenType));
  const flat = reshape(sum, [size * length, hidden]) as Tensor2D;
  return dropout.apply(layerNormLayer(flat, 'bert.embeddings.LayerNorm', config.layerNormEps, parameters));
}
