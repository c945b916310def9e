import { add, type Tensor2D } from '@tensorflow/tfjs-core';
import type { BertConfig } from '../config.js';
import { gelu } from '../kernels/gelu.js';
import type { DropoutPlaces } from './dropout-places.js';
import { layerNormLayer, linearLayer } from './layers.js';
import type { Parameters } from './parameters.js';

/**
 * The position-wise feed-forward network with its residual and LayerNorm (Vaswani et al., 2017, section 3.3).
 * @param states [rows, hidden]
 * @param layer the layer's name, such as `bert.encoder.layer.0`
 * @returns [rows, hidden]
 */
export function feedForward(
  config: BertConfig,
  parameters: Parameters,
  dropout: DropoutPlaces,
  states: Tensor2D,
  layer: string,
): Tensor2D {
  const intermediate = gelu(linearLayer(states, `${layer}.intermediate.dense`, parameters));
  const output = dropout.apply(linearLayer(intermediate, `${layer}.output.dense`, parameters));
  return layerNormLayer(add(output, states), `${layer}.output.LayerNorm`, config.layerNormEps, parameters);
}
