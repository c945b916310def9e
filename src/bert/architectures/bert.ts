import { commonFields, type Architecture } from './architecture.js';

/** BERT (Devlin et al., 2019), of any size. Its pooler is the dense layer of the head. */
export const bert: Architecture = {
  modelType: 'bert',
  className: 'BertForSequenceClassification',
  config: {
    ...commonFields,
    vocabSize: ['vocab_size', 30_522],
    hiddenSize: ['hidden_size', 768],
    numAttentionHeads: ['num_attention_heads', 12],
    intermediateSize: ['intermediate_size', 3_072],
    padTokenId: ['pad_token_id', 0],
  },
  names: {
    prefix: 'bert',
    renamed: { 'head.dense': 'bert.pooler.dense', 'head.output': 'classifier' },
  },
  head: { dropoutBeforeDense: false, activation: 'tanh' },
  usualTokenizer: 'word-piece',
  positionOffset: () => 0,
  attentionOutputDropout: true,
};
