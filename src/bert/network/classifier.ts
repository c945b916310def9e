import { tanh, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import type { BertConfig } from '../config.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { embeddings } from './embeddings.js';
import { encodeFirstTokens } from './encoder.js';
import { linearLayer } from './layers.js';
import type { Parameters } from './parameters.js';

/**
 * BERT with a classifier over the pooled [CLS] state: `BertForSequenceClassification` of transformers.
 * @returns logits, [size, labels]
 */
export function classify(
  config: BertConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
): Tensor2D {
  return tidy(() => {
    const states = embeddings(config, parameters, batch, dropout);
    const first = encodeFirstTokens(config, parameters, batch, dropout, states);
    const pooled = tanh(linearLayer(first, 'bert.pooler.dense', parameters));
    return linearLayer(dropout.apply(pooled), 'classifier', parameters);
  });
}
