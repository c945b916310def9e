/*
 * Skeleton of an architecture: copy it to src/bert/architectures/NAME.ts, and write `./architecture.js` in the import. Every line
 * comes from two files of the family in transformers: `configuration_NAME.py` (fields and defaults) and `modeling_NAME.py` (names of
 * the parameters, the head, what is dropped out). CONTRIBUTING.md, "To add an architecture", has the steps that follow.
 */
import {
  commonFields,
  type Architecture,
  type ModelType,
} from '../../../src/bert/architectures/architecture.js';

/** The family's name, its article, and what distinguishes it from BERT. (This one is invented.) */
export const sample: Architecture = {
  // `model_type` of `config.json`. Add it to `ModelType` in architecture.ts; the assertion is then not needed.
  modelType: 'sample' as ModelType,
  className: 'SampleForSequenceClassification',
  config: {
    // The fields that most families call and use as BERT does. Declare those that differ after it, as distilbert.ts does.
    ...commonFields,
    // Each: its name in `config.json`, and the default of the family's configuration class.
    vocabSize: ['vocab_size', 30_522],
    hiddenSize: ['hidden_size', 768],
    numAttentionHeads: ['num_attention_heads', 12],
    intermediateSize: ['intermediate_size', 3_072],
    padTokenId: ['pad_token_id', 0],
    // Embeddings that are narrower than the states, and projected. Leave it out where they have the same width.
    embeddingSize: ['embedding_size', 128],
    // null: the family has no token types.
    typeVocabSize: null,
    // Fields that would change the computation. A model with another value is refused. Read the configuration class for more.
    fixed: { ...commonFields.fixed, use_task_id: false },
  },
  names: {
    // The attribute of the classification class that holds the encoder.
    prefix: 'sample',
    // Only names that differ from BERT's. weights/parameter-names.ts lists the canonical names; # is the number of a layer.
    renamed: {
      'encoder.layer.#.attention.self.query': 'sample.encoder.layer.#.attention.q_proj',
      'head.dense': 'classifier.dense',
      'head.output': 'classifier.out_proj',
    },
  },
  // What SampleClassificationHead does between the encoder and the logits.
  head: { dropoutBeforeDense: true, activation: 'tanh' },
  usualTokenizer: 'word-piece',
  // The row of the position embeddings for the first token. RoBERTa begins after its padding id.
  positionOffset: () => 0,
  // Whether the output of attention goes through dropout before the residual connection.
  attentionOutputDropout: true,
};
