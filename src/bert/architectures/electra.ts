import { commonFields, type Architecture } from './architecture.js';

/**
 * ELECTRA (Clark et al., 2020). The embeddings of the small model are narrower than its states and are
 * projected to their size. The discriminator is fine-tuned. Parameters that only pre-training needs are
 * ignored.
 */
export const electra: Architecture = {
  modelType: 'electra',
  className: 'ElectraForSequenceClassification',
  config: {
    ...commonFields,
    vocabSize: ['vocab_size', 30_522],
    embeddingSize: ['embedding_size', 128],
    hiddenSize: ['hidden_size', 256],
    numAttentionHeads: ['num_attention_heads', 4],
    intermediateSize: ['intermediate_size', 1_024],
    padTokenId: ['pad_token_id', 0],
  },
  names: {
    prefix: 'electra',
    renamed: { 'head.dense': 'classifier.dense', 'head.output': 'classifier.out_proj' },
  },
  head: { dropoutBeforeDense: true, activation: 'gelu' },
  usualTokenizer: 'word-piece',
  positionOffset: () => 0,
  attentionOutputDropout: true,
};
