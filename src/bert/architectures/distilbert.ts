import type { Architecture } from './architecture.js';

/**
 * DistilBERT (Sanh et al., 2019): BERT without token types and pooler. All its parameters have other names.
 */
export const distilbert: Architecture = {
  modelType: 'distilbert',
  className: 'DistilBertForSequenceClassification',
  config: {
    vocabSize: ['vocab_size', 30_522],
    embeddingSize: null,
    hiddenSize: ['dim', 768],
    numHiddenLayers: ['n_layers', 6],
    numAttentionHeads: ['n_heads', 12],
    intermediateSize: ['hidden_dim', 3_072],
    maxPositionEmbeddings: ['max_position_embeddings', 512],
    typeVocabSize: null,
    layerNormEps: 1e-12,
    initializerRange: ['initializer_range', 0.02],
    padTokenId: ['pad_token_id', 0],
    activation: 'activation',
    fixed: { sinusoidal_pos_embds: false },
    dropout: ['attention_dropout', 'dropout', 'seq_classif_dropout'],
  },
  names: {
    prefix: 'distilbert',
    renamed: {
      'encoder.layer.#.attention.self.query': 'distilbert.transformer.layer.#.attention.q_lin',
      'encoder.layer.#.attention.self.key': 'distilbert.transformer.layer.#.attention.k_lin',
      'encoder.layer.#.attention.self.value': 'distilbert.transformer.layer.#.attention.v_lin',
      'encoder.layer.#.attention.output.dense': 'distilbert.transformer.layer.#.attention.out_lin',
      'encoder.layer.#.attention.output.LayerNorm': 'distilbert.transformer.layer.#.sa_layer_norm',
      'encoder.layer.#.intermediate.dense': 'distilbert.transformer.layer.#.ffn.lin1',
      'encoder.layer.#.output.dense': 'distilbert.transformer.layer.#.ffn.lin2',
      'encoder.layer.#.output.LayerNorm': 'distilbert.transformer.layer.#.output_layer_norm',
      'head.dense': 'pre_classifier',
      'head.output': 'classifier',
    },
  },
  head: { dropoutBeforeDense: false, activation: 'relu' },
  usualTokenizer: 'word-piece',
  positionOffset: () => 0,
  attentionOutputDropout: false,
};
