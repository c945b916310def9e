import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { NO_DROPOUT } from '../kernels/dropout.js';
import { multiHeadAttention } from '../kernels/attention.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { linearLayer, residualLayer } from './layers.js';
import type { Parameters } from './parameters.js';

/**
 * Multi-head self-attention with its output projection, residual and LayerNorm (Vaswani et al., 2017, section
 * 3.2).
 * @param queries [size · queryLength, hidden]: the positions to compute
 * @param states [size · length, hidden]: the positions that they attend to
 * @param layer the layer's name, such as `encoder.layer.0`
 * @returns [size · queryLength, hidden]
 */
export function attention(
  config: EncoderConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
  queries: Tensor2D,
  states: Tensor2D,
  layer: string,
): Tensor2D {
  const query = linearLayer(queries, `${layer}.attention.self.query`, parameters);
  const key = linearLayer(states, `${layer}.attention.self.key`, parameters);
  const value = linearLayer(states, `${layer}.attention.self.value`, parameters);
  const shape = { size: batch.size, heads: config.numAttentionHeads };
  const context = multiHeadAttention(query, key, value, batch.attentionBias, shape, dropout.next());
  return residualLayer(
    linearLayer(context, `${layer}.attention.output.dense`, parameters),
    queries,
    `${layer}.attention.output.LayerNorm`,
    config.layerNormEps,
    parameters,
    config.attentionOutputDropout ? dropout.next() : NO_DROPOUT,
  );
}
