import { relu, tanh, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import type { HeadActivation } from '../architectures/architecture.js';
import type { EncoderConfig } from '../config.js';
import { gelu } from '../kernels/gelu.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { embeddings } from './embeddings.js';
import { encodeFirstTokens } from './encoder.js';
import { linearLayer } from './layers.js';
import type { Parameters } from './parameters.js';

const activations: Record<HeadActivation, (x: Tensor2D) => Tensor2D> = { tanh, gelu, relu };

/**
 * An encoder with a classification head over the state of its first token ([CLS]):
 * `BertForSequenceClassification` of transformers and its equivalents for the other architectures.
 * @returns logits, [size, labels]
 */
export function classify(
  config: EncoderConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
): Tensor2D {
  return tidy(() => {
    const { dropoutBeforeDense, activation } = config.head;
    const states = embeddings(config, parameters, batch, dropout);
    const first = encodeFirstTokens(config, parameters, batch, dropout, states);
    const features = dropoutBeforeDense ? dropout.apply(first) : first;
    const pooled = activations[activation](linearLayer(features, 'head.dense', parameters));
    return linearLayer(dropout.apply(pooled), 'head.output', parameters);
  });
}
