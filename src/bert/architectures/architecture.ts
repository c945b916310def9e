export type ModelType = 'bert' | 'distilbert' | 'electra' | 'roberta';

/**
 * What sets one family of encoders apart from the others, as data: the network, its training and its export are the same
 * code for all. Taken from the family's `configuration_….py` and `modeling_….py` in transformers 5.
 */
export interface Architecture {
  /** `model_type` of `config.json`. */
  readonly modelType: ModelType;
  /** The class of transformers that classifies sentences with it. */
  readonly className: string;
  readonly config: ConfigFields;
  readonly names: ParameterNames;
  readonly head: ClassificationHead;
  /** What transformers expects a tokenizer to be unless `tokenizer_config.json` says another class. */
  readonly usualTokenizer: 'word-piece' | 'byte-level';
  /** Row of the position embeddings that a sentence's first token takes. */
  positionOffset(padTokenId: number): number;
  /** Whether what attention gives goes through dropout before it is added to what it was asked with. */
  readonly attentionOutputDropout: boolean;
}

/** What follows the encoder: [dropout →] dense → activation → dropout → output, over the state of the first token. */
export interface ClassificationHead {
  readonly dropoutBeforeDense: boolean;
  readonly activation: HeadActivation;
}

export type HeadActivation = 'tanh' | 'gelu' | 'relu';

/** What `config.json` calls a number, and what transformers takes where the file does not say. */
export type NumberField = readonly [name: string, otherwise: number];

export interface ConfigFields {
  readonly vocabSize: NumberField;
  /** null: the hidden size. */
  readonly embeddingSize: NumberField | null;
  readonly hiddenSize: NumberField;
  readonly numHiddenLayers: NumberField;
  readonly numAttentionHeads: NumberField;
  readonly intermediateSize: NumberField;
  readonly maxPositionEmbeddings: NumberField;
  /** null: it has no token types. */
  readonly typeVocabSize: NumberField | null;
  /** A number alone: `config.json` cannot change it. */
  readonly layerNormEps: NumberField | number;
  readonly initializerRange: NumberField;
  readonly padTokenId: NumberField;
  /** Name of the field for the feed-forward network's activation. */
  readonly activation: string;
  /** Fields that change what is computed, each with the one value that this library computes, which is the default too. */
  readonly fixed: Readonly<Record<string, string | boolean>>;
  /** Fields for rates of dropout: a fine-tuned model has the same everywhere. */
  readonly dropout: readonly string[];
}

/** How transformers names the parameters. Those that are not `renamed` have their canonical name behind the prefix. */
export interface ParameterNames {
  /** The encoder's place in the class for classification; a bare encoder's file has its names without it. */
  readonly prefix: string;
  /** Canonical name → name in the file, both without `.weight` and `.bias`, with # for the number of a layer. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** The fields of `config.json` that all but DistilBERT share. */
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
