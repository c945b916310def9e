import { InvalidModelError } from './errors.js';

/** What this library reads of a Hugging Face `config.json` of `model_type` "bert". */
export interface BertConfig {
  modelType: 'bert';
  vocabSize: number;
  hiddenSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  intermediateSize: number;
  hiddenAct: 'gelu';
  maxPositionEmbeddings: number;
  typeVocabSize: number;
  layerNormEps: number;
  initializerRange: number;
  padTokenId: number;
}

/**
 * Reads a Hugging Face `config.json`. What is left out has the default of transformers' `BertConfig`; what this library
 * does not read is passed over.
 * @param json the parsed file.
 * @throws InvalidModelError if it is not a BERT encoder that this library can compute exactly.
 */
export function parseBertConfig(json: unknown): BertConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new InvalidModelError(
      'config.json must hold a JSON object. Use the config.json of a Hugging Face BERT model.',
    );
  }
  const fields = json as Record<string, unknown>;
  if (fields['model_type'] !== 'bert') {
    throw new InvalidModelError(
      `config.json says model_type ${show(fields['model_type'])}, but only "bert" is known. Choose a BERT model.`,
    );
  }
  onlyKnown(fields, 'hidden_act', ['gelu']);
  onlyKnown(fields, 'position_embedding_type', ['absolute']);
  onlyKnown(fields, 'is_decoder', [false]);
  onlyKnown(fields, 'add_cross_attention', [false]);

  const config: BertConfig = {
    modelType: 'bert',
    vocabSize: count(fields, 'vocab_size', 30_522, 10_000_000),
    hiddenSize: count(fields, 'hidden_size', 768, 65_536),
    numHiddenLayers: count(fields, 'num_hidden_layers', 12, 1_000),
    numAttentionHeads: count(fields, 'num_attention_heads', 12, 65_536),
    intermediateSize: count(fields, 'intermediate_size', 3_072, 1_000_000),
    hiddenAct: 'gelu',
    maxPositionEmbeddings: count(fields, 'max_position_embeddings', 512, 1_000_000),
    typeVocabSize: count(fields, 'type_vocab_size', 2, 65_536),
    layerNormEps: positive(fields, 'layer_norm_eps', 1e-12),
    initializerRange: positive(fields, 'initializer_range', 0.02),
    padTokenId: count(fields, 'pad_token_id', 0, 10_000_000, 0),
  };
  if (config.hiddenSize % config.numAttentionHeads !== 0) {
    throw new InvalidModelError(
      `config.json: hidden_size ${config.hiddenSize} is not a multiple of num_attention_heads ` +
        `${config.numAttentionHeads}. Take the config.json that belongs to the weights.`,
    );
  }
  if (config.padTokenId >= config.vocabSize) {
    throw new InvalidModelError(
      `config.json: pad_token_id ${config.padTokenId} is outside of the vocabulary of ${config.vocabSize} pieces.`,
    );
  }
  return config;
}

/** The same as fields of a Hugging Face `config.json`; who writes a file adds `architectures`, `id2label` and the like. */
export function bertConfigFields(config: BertConfig): Record<string, unknown> {
  return {
    model_type: config.modelType,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: config.intermediateSize,
    hidden_act: config.hiddenAct,
    max_position_embeddings: config.maxPositionEmbeddings,
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    initializer_range: config.initializerRange,
    pad_token_id: config.padTokenId,
    position_embedding_type: 'absolute',
  };
}

function count(
  fields: Record<string, unknown>,
  name: string,
  otherwise: number,
  most: number,
  least = 1,
): number {
  const value = fields[name] ?? otherwise;
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw new InvalidModelError(
      `config.json: ${name} is ${show(value)}, but must be a whole number from ${least} to ${most}.`,
    );
  }
  return value as number;
}

function positive(fields: Record<string, unknown>, name: string, otherwise: number): number {
  const value = fields[name] ?? otherwise;
  if (typeof value !== 'number' || !(value > 0) || !(value < 1)) {
    throw new InvalidModelError(
      `config.json: ${name} is ${show(value)}, but must be a number between 0 and 1.`,
    );
  }
  return value;
}

function onlyKnown(fields: Record<string, unknown>, name: string, known: readonly unknown[]): void {
  const value = fields[name];
  if (value !== undefined && value !== null && !known.includes(value)) {
    throw new InvalidModelError(
      `config.json: ${name} is ${show(value)}, but only ${known.map(show).join(', ')} can be computed. Choose another BERT model.`,
    );
  }
}

/** A value from outside, short enough for an error message. */
function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
