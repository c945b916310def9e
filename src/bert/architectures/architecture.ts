export type ModelType = 'bert' | 'distilbert' | 'electra' | 'roberta';

/**
 * What distinguishes one family of encoders from the others, as data. The code of the network, its training
 * and its export is the same for all. Source: the family's `configuration_….py` and `modeling_….py` in
 * transformers 5.
 */
export interface Architecture {
  /** `model_type` of `config.json`. */
  readonly modelType: ModelType;
  /** The transformers class that classifies sentences with it. */
  readonly className: string;
  readonly config: ConfigFields;
  readonly names: ParameterNames;
  readonly head: ClassificationHead;
  /** The tokenizer that transformers expects unless `tokenizer_config.json` names another class. */
  readonly usualTokenizer: 'word-piece' | 'byte-level';
  /** Row of the position embeddings for the first token of a sentence. */
  positionOffset(padTokenId: number): number;
  /** Whether attention output goes through dropout before the residual connection. */
  readonly attentionOutputDropout: boolean;
}

/**
 * What follows the encoder: [dropout →] dense → activation → dropout → output, over the state of the first
 * token.
 */
export interface ClassificationHead {
  readonly dropoutBeforeDense: boolean;
  readonly activation: HeadActivation;
}

export type HeadActivation = 'tanh' | 'gelu' | 'relu';

/** The name of a number in `config.json`, and the default of transformers. */
export type NumberField = readonly [name: string, otherwise: number];

export interface ConfigFields {
  readonly vocabSize: NumberField;
  /** null: same as the hidden size. */
  readonly embeddingSize: NumberField | null;
  readonly hiddenSize: NumberField;
  readonly numHiddenLayers: NumberField;
  readonly numAttentionHeads: NumberField;
  readonly intermediateSize: NumberField;
  readonly maxPositionEmbeddings: NumberField;
  /** null: the family has no token types. */
  readonly typeVocabSize: NumberField | null;
  /** A plain number: `config.json` cannot change it. */
  readonly layerNormEps: NumberField | number;
  readonly initializerRange: NumberField;
  readonly padTokenId: NumberField;
  /** Name of the field for the feed-forward network's activation. */
  readonly activation: string;
  /**
   * Fields that change what is computed. Each has the one value that this library supports, which is also the
   * default.
   */
  readonly fixed: Readonly<Record<string, string | boolean>>;
  /** Fields for dropout rates. A fine-tuned model has the same rate everywhere. */
  readonly dropout: readonly string[];
}

/**
 * How transformers names the parameters. A parameter that is not `renamed` has its canonical name after the
 * prefix.
 */
export interface ParameterNames {
  /** Prefix of the encoder's parameters in the classification class. The file of a bare encoder omits it. */
  readonly prefix: string;
  /** Canonical name → name in the file, both without `.weight` and `.bias`. # stands for the layer number. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** The fields of `config.json` that all families except DistilBERT share. */
export const commonFields = {
  embeddingSize: null,
  numHiddenLayers: ['num_hidden_layers', 12],
  maxPositionEmbeddings: ['max_position_embeddings', 512],
  typeVocabSize: ['type_vocab_size', 2],
  layerNormEps: ['layer_norm_eps', 1e-12],
  initializerRange: ['initializer_range', 0.02],
  activation: 'hidden_act',
  fixed: { position_embedding_type: 'absolute', is_decoder: false, add_cross_attention: false },
  dropout: ['attention_probs_dropout_prob', 'classifier_dropout', 'hidden_dropout_prob'],
} as const satisfies Partial<ConfigFields>;
