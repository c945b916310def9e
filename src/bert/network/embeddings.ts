import { add, reshape, slice, type Tensor2D } from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { embeddingLookup } from '../kernels/embedding-lookup.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { layerNormLayer, linearLayer } from './layers.js';
import { WORD_EMBEDDINGS, type Parameters } from './parameters.js';

/**
 * The input of the encoder: word + position + token type, normalised (Devlin et al., 2019, figure 2).
 * Embeddings narrower than the states are projected (Clark et al., 2020, section 3.2). Every token has type
 * 0, since a single sentence is judged.
 * @returns [size · length, hidden]
 */
export function embeddings(
  config: EncoderConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
): Tensor2D {
  const { size, length } = batch;
  const { embeddingSize, layerNormEps } = config;
  const words = embeddingLookup(parameters.matrix(WORD_EMBEDDINGS), batch.tokenIds);
  const places = placeEmbeddings(config, parameters, length);
  const sum = add(reshape(words, [size, length, embeddingSize]), places);
  const flat = reshape(sum, [size * length, embeddingSize]) as Tensor2D;
  const embedded = dropout.apply(layerNormLayer(flat, 'embeddings.LayerNorm', layerNormEps, parameters));
  return embeddingSize === config.hiddenSize
    ? embedded
    : linearLayer(embedded, 'embeddings_project', parameters);
}

/** The part that depends only on the position: [length, embedding]. */
function placeEmbeddings(
  { positionOffset, embeddingSize, typeVocabSize }: EncoderConfig,
  parameters: Parameters,
  length: number,
): Tensor2D {
  const positions = slice(
    parameters.matrix('embeddings.position_embeddings.weight'),
    [positionOffset, 0],
    [length, embeddingSize],
  );
  if (typeVocabSize === 0) return positions;
  const types = parameters.matrix('embeddings.token_type_embeddings.weight');
  return add(positions, slice(types, [0, 0], [1, embeddingSize]));
}
