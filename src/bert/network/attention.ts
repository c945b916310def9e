import {
  add,
  matMul,
  mul,
  reshape,
  softmax,
  transpose,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { BertConfig } from '../config.js';
import type { Batch } from './batch.js';
import type { DropoutPlaces } from './dropout-places.js';
import { layerNormLayer, linearLayer } from './layers.js';
import type { Parameters } from './parameters.js';

/**
 * Multi-head self-attention with its output projection, residual and LayerNorm (Vaswani et al., 2017, section 3.2).
 * @param queries [size · queryLength, hidden]: the positions whose states are wanted
 * @param states [size · length, hidden]: the positions that they may look at
 * @param layer the layer's name, such as `bert.encoder.layer.0`
 * @returns [size · queryLength, hidden]
 */
export function attention(
  config: BertConfig,
  parameters: Parameters,
  batch: Batch,
  dropout: DropoutPlaces,
  queries: Tensor2D,
  states: Tensor2D,
  layer: string,
): Tensor2D {
  const { hiddenSize: hidden, numAttentionHeads: heads } = config;
  const headSize = hidden / heads;
  /** [size · n, hidden] → [size, heads, n, headSize] */
  const splitHeads = (x: Tensor2D): Tensor4D =>
    transpose(reshape(x, [batch.size, -1, heads, headSize]) as Tensor4D, [0, 2, 1, 3]);

  const query = splitHeads(linearLayer(queries, `${layer}.attention.self.query`, parameters));
  const key = splitHeads(linearLayer(states, `${layer}.attention.self.key`, parameters));
  const value = splitHeads(linearLayer(states, `${layer}.attention.self.value`, parameters));

  const scores = add(mul(matMul(query, key, false, true), 1 / Math.sqrt(headSize)), batch.attentionBias);
  const probabilities = dropout.apply(softmax(scores));
  const context = reshape(transpose(matMul(probabilities, value), [0, 2, 1, 3]), [-1, hidden]) as Tensor2D;

  const output = dropout.apply(linearLayer(context, `${layer}.attention.output.dense`, parameters));
  return layerNormLayer(
    add(output, queries),
    `${layer}.attention.output.LayerNorm`,
    config.layerNormEps,
    parameters,
  );
}
