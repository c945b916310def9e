import type { EncoderConfig } from '../config.js';
import { statelessPhilox, type Philox } from '../random.js';
import type { NamedTensor, WeightSource } from '../weights/named-tensor.js';
import { parameterShapes } from '../weights/parameter-shapes.js';
import { layerOf } from './learning-rates.js';

/**
 * Separates the random numbers of new weights from those of dropout and the shuffle, which use other second
 * seeds.
 */
const INITIALISATION_STREAM = 0;

/**
 * Yields every parameter of the classifier. Parameters that the pre-trained weights lack (the classification
 * head, in some models also the pooler) are initialised as in BERT: normal with deviation `initializerRange`,
 * biases 0, LayerNorm weights 1.
 * @param reinitializedLayers number of top layers to initialise anew, together with the dense layer of the
 * head (BERT's pooler): Zhang et al., "Revisiting few-sample BERT fine-tuning" (2021, section 5)
 */
export function* initialParameters(
  config: EncoderConfig,
  weights: WeightSource,
  seed: number,
  reinitializedLayers = 0,
): Generator<NamedTensor> {
  const random = statelessPhilox(seed, INITIALISATION_STREAM);
  const lowestForgotten = config.numHiddenLayers + 1 - reinitializedLayers;
  for (const [name, shape] of parameterShapes(config)) {
    const forgotten = reinitializedLayers > 0 && layerOf(name, config.numHiddenLayers) >= lowestForgotten;
    yield weights.shapes.has(name) && !forgotten
      ? weights.read(name)
      : newParameter(name, shape, config.initializerRange, random);
  }
}

function newParameter(name: string, shape: readonly number[], range: number, random: Philox): NamedTensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (name.endsWith('LayerNorm.weight')) data.fill(1);
  else if (name.endsWith('.weight'))
    for (let i = 0; i < data.length; i++) data[i] = range * random.nextNormal();
  return { name, shape, data };
}
