import { reshape, slice, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { attention } from './attention.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { feedForward } from './feed-forward.js';
import type { Parameters } from './parameters.js';

/**
 * The stack of Transformer layers. The last layer is computed only for [CLS], since the classifier reads
 * nothing else. That is exact and saves most of one layer.
 * @param states [size · length, hidden], from the embeddings
 * @returns the [CLS] states of the last layer, [size, hidden]
 */
export function encodeFirstTokens(
  config: EncoderConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
  states: Tensor2D,
): Tensor2D {
  let current = states;
  for (let i = 0; i < config.numHiddenLayers; i++) {
    const layer = `encoder.layer.${i}`;
    const last = i === config.numHiddenLayers - 1;
    // The tidy frees what neither the next layer nor a gradient needs.
    current = tidy(() => {
      const queries = last ? firstTokens(current, batch) : current;
      const attended = attention(config, parameters, batch, dropout, queries, current, layer);
      return feedForward(config, parameters, dropout, attended, layer);
    });
  }
  return current;
}

/** [size · length, hidden] → the states of each row's first token, [size, hidden] */
function firstTokens(states: Tensor2D, { size, length }: Batch): Tensor2D {
  const hidden = states.shape[1];
  const rows = reshape(states, [size, length, hidden]);
  return reshape(slice(rows, [0, 0, 0], [size, 1, hidden]), [size, hidden]) as Tensor2D;
}
