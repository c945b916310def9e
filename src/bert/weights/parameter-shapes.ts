import type { EncoderConfig } from '../config.js';

/**
 * The shapes of all parameters of an encoder with its classification head, by canonical name (see
 * `parameter-names.ts`). The weight of a linear layer is [out, in].
 * @param numLabels rows of the classifier.
 */
export function parameterShapes(config: EncoderConfig, numLabels = 2): Map<string, readonly number[]> {
  const { embeddingSize, hiddenSize, intermediateSize } = config;
  const shapes = new Map<string, readonly number[]>();
  const linear = (name: string, out: number, from: number) => {
    shapes.set(`${name}.weight`, [out, from]);
    shapes.set(`${name}.bias`, [out]);
  };
  const layerNorm = (name: string, size: number) => {
    shapes.set(`${name}.weight`, [size]);
    shapes.set(`${name}.bias`, [size]);
  };

  shapes.set('embeddings.word_embeddings.weight', [config.vocabSize, embeddingSize]);
  shapes.set('embeddings.position_embeddings.weight', [config.maxPositionEmbeddings, embeddingSize]);
  if (config.typeVocabSize > 0)
    shapes.set('embeddings.token_type_embeddings.weight', [config.typeVocabSize, embeddingSize]);
  layerNorm('embeddings.LayerNorm', embeddingSize);
  if (embeddingSize !== hiddenSize) linear('embeddings_project', hiddenSize, embeddingSize);
  for (let index = 0; index < config.numHiddenLayers; index++) {
    const layer = `encoder.layer.${index}`;
    linear(`${layer}.attention.self.query`, hiddenSize, hiddenSize);
    linear(`${layer}.attention.self.key`, hiddenSize, hiddenSize);
    linear(`${layer}.attention.self.value`, hiddenSize, hiddenSize);
    linear(`${layer}.attention.output.dense`, hiddenSize, hiddenSize);
    layerNorm(`${layer}.attention.output.LayerNorm`, hiddenSize);
    linear(`${layer}.intermediate.dense`, intermediateSize, hiddenSize);
    linear(`${layer}.output.dense`, hiddenSize, intermediateSize);
    layerNorm(`${layer}.output.LayerNorm`, hiddenSize);
  }
  linear('head.dense', hiddenSize, hiddenSize);
  linear('head.output', numLabels, hiddenSize);
  return shapes;
}
