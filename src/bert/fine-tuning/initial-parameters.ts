import type { BertConfig } from '../config.js';
import { statelessPhilox, type Philox } from '../random.js';
import type { NamedTensor, WeightSource } from '../weights/named-tensor.js';
import { parameterShapes } from '../weights/parameter-shapes.js';

/** Keeps the new weights' random numbers apart from dropout's and the shuffle's, which use other second seeds. */
const INITIALISATION_STREAM = 0;

/**
 * Every parameter of the classifier in turn. What the pre-trained weights lack (the classification head, in some models the
 * pooler too) is drawn as BERT's other weights once were: normal with deviation `initializerRange`, biases 0.
 */
export function* initialParameters(
  config: BertConfig,
  weights: WeightSource,
  seed: number,
): Generator<NamedTensor> {
  const random = statelessPhilox(seed, INITIALISATION_STREAM);
  for (const [name, shape] of parameterShapes(config)) {
    yield weights.shapes.has(name)
      ? weights.read(name)
      : newParameter(name, shape, config.initializerRange, random);
  }
}

function newParameter(name: string, shape: readonly number[], range: number, random: Philox): NamedTensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (name.endsWith('.weight')) for (let i = 0; i < data.length; i++) data[i] = range * random.nextNormal();
  return { name, shape, data };
}
