import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { gelu } from '../kernels/gelu.js';
import type { DropoutPlaces } from './dropout-places.js';
import { linearLayer, residualLayer } from './layers.js';
import type { Parameters } from './parameters.js';

/**
 * The position-wise feed-forward network with its residual connection and LayerNorm (Vaswani et al., 2017,
 * section 3.3).
 * @param states [rows, hidden]
 * @param layer the layer's name, such as `encoder.layer.0`
 * @returns [rows, hidden]
 */
export function feedForward(
  config: EncoderConfig,
  parameters: Parameters,
  dropout: DropoutPlaces,
  states: Tensor2D,
  layer: string,
): Tensor2D {
  const intermediate = gelu(linearLayer(states, `${layer}.intermediate.dense`, parameters));
  return residualLayer(
    linearLayer(intermediate, `${layer}.output.dense`, parameters),
    states,
    `${layer}.output.LayerNorm`,
    config.layerNormEps,
    parameters,
    dropout.next(),
  );
}
