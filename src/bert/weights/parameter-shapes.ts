import type { BertConfig } from '../config.js';

/**
 * Every parameter of transformers' `BertForSequenceClassification`, by its name there, with its shape. A linear layer's
 * weight is [out, in].
 * @param numLabels rows of the classifier.
 */
export function parameterShapes(config: BertConfig, numLabels = 2): Map<string, readonly number[]> {
  const { hiddenSize, intermediateSize } = config;
  const shapes = new Map<string, readonly number[]>();
  const linear = (name: string, out: number, from: number) => {
    shapes.set(`${name}.weight`, [out, from]);
    shapes.set(`${name}.bias`, [out]);
  };
  const layerNorm = (name: string) => {
    shapes.set(`${name}.weight`, [hiddenSize]);
    shapes.set(`${name}.bias`, [hiddenSize]);
  };

  shapes.set('bert.embeddings.word_embeddings.weight', [config.vocabSize, hiddenSize]);
  shapes.set('bert.embeddings.position_embeddings.weight', [config.maxPositionEmbeddings, hiddenSize]);
  shapes.set('bert.embeddings.token_type_embeddings.weight', [config.typeVocabSize, hiddenSize]);
  layerNorm('bert.embeddings.LayerNorm');
  for (let index = 0; index < config.numHiddenLayers; index++) {
    const layer = `bert.encoder.layer.${index}`;
    linear(`${layer}.attention.self.query`, hiddenSize, hiddenSize);
    linear(`${layer}.attention.self.key`, hiddenSize, hiddenSize);
    linear(`${layer}.attention.self.value`, hiddenSize, hiddenSize);
    linear(`${layer}.attention.output.dense`, hiddenSize, hiddenSize);
    layerNorm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, intermediateSize, hiddenSize);
    linear(`${layer}.output.dense`, hiddenSize, intermediateSize);
    layerNorm(`${layer}.output.LayerNorm`);
  }
  linear('bert.pooler.dense', hiddenSize, hiddenSize);
  linear('classifier', numLabels, hiddenSize);
  return shapes;
}
