import { commonFields, type Architecture } from './architecture.js';

/**
 * RoBERTa (Liu et al., 2019): BERT with other pre-training and a byte-level tokenizer. Positions start after
 * the padding id, as in fairseq: 512 of the 514 position embeddings are for tokens.
 */
export const roberta: Architecture = {
  modelType: 'roberta',
  className: 'RobertaForSequenceClassification',
  config: {
    ...commonFields,
    vocabSize: ['vocab_size', 50_265],
    hiddenSize: ['hidden_size', 768],
    numAttentionHeads: ['num_attention_heads', 12],
    intermediateSize: ['intermediate_size', 3_072],
    padTokenId: ['pad_token_id', 1],
  },
  names: {
    prefix: 'roberta',
    renamed: { 'head.dense': 'classifier.dense', 'head.output': 'classifier.out_proj' },
  },
  head: { dropoutBeforeDense: true, activation: 'tanh' },
  usualTokenizer: 'byte-level',
  positionOffset: (padTokenId) => padTokenId + 1,
  attentionOutputDropout: true,
};
