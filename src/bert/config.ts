import type { NumberField } from './architectures/architecture.js';
import { architectures, type ClassificationHead, type ModelType } from './architectures/index.js';
import { InvalidModelError } from './errors.js';
import { shown } from './json-file.js';

/**
 * An encoder with its classification head: the fields that this library reads from a Hugging Face
 * `config.json`, and those that follow from the model type.
 */
export interface EncoderConfig {
  modelType: ModelType;
  vocabSize: number;
  /** Width of the embeddings. If it differs from {@link hiddenSize}, they are projected. */
  embeddingSize: number;
  hiddenSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  intermediateSize: number;
  hiddenAct: 'gelu';
  /** Rows of the position embeddings. */
  maxPositionEmbeddings: number;
  /** Row of the position embeddings for the first token of a sentence. */
  positionOffset: number;
  /** 0: token types are not embedded. */
  typeVocabSize: number;
  layerNormEps: number;
  initializerRange: number;
  padTokenId: number;
  attentionOutputDropout: boolean;
  head: ClassificationHead;
}

/**
 * Reads a Hugging Face `config.json`. A missing field gets the default of the transformers configuration
 * class of that `model_type`. Fields that this library does not use are ignored.
 * @param json the parsed file.
 * @throws InvalidModelError if this library cannot compute the encoder exactly.
 */
export function parseEncoderConfig(json: unknown): EncoderConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new InvalidModelError(
      'config.json must hold a JSON object. Use the config.json of a Hugging Face model.',
    );
  }
  const fields = json as Record<string, unknown>;
  const architecture = architectureNamed(fields['model_type']);
  const known = architecture.config;
  onlyKnown(fields, known.activation, 'gelu');
  for (const [name, value] of Object.entries(known.fixed)) onlyKnown(fields, name, value);

  const hiddenSize = count(fields, known.hiddenSize, 8_192);
  const padTokenId = count(fields, known.padTokenId, 1_000_000, 0);
  const config: EncoderConfig = {
    modelType: architecture.modelType,
    vocabSize: count(fields, known.vocabSize, 1_000_000),
    embeddingSize: known.embeddingSize ? count(fields, known.embeddingSize, 8_192) : hiddenSize,
    hiddenSize,
    numHiddenLayers: count(fields, known.numHiddenLayers, 128),
    numAttentionHeads: count(fields, known.numAttentionHeads, 1_024),
    intermediateSize: count(fields, known.intermediateSize, 65_536),
    hiddenAct: 'gelu',
    maxPositionEmbeddings: count(fields, known.maxPositionEmbeddings, 65_536),
    positionOffset: architecture.positionOffset(padTokenId),
    typeVocabSize: known.typeVocabSize ? count(fields, known.typeVocabSize, 1_024, 0) : 0,
    layerNormEps:
      typeof known.layerNormEps === 'number' ? known.layerNormEps : positive(fields, known.layerNormEps),
    initializerRange: positive(fields, known.initializerRange),
    padTokenId,
    attentionOutputDropout: architecture.attentionOutputDropout,
    head: architecture.head,
  };
  assertConsistent(config);
  return config;
}

/**
 * The same as fields of a Hugging Face `config.json`. The caller adds `architectures`, `id2label` and so on.
 */
export function encoderConfigFields(config: EncoderConfig): Record<string, unknown> {
  const { activation, fixed, layerNormEps, dropout: _, ...numbers } = architectures[config.modelType].config;
  const fields: Record<string, unknown> = { model_type: config.modelType };
  for (const [property, field] of Object.entries({ ...numbers, layerNormEps })) {
    if (Array.isArray(field)) fields[field[0] as string] = config[property as keyof EncoderConfig];
  }
  return { ...fields, [activation]: config.hiddenAct, ...fixed };
}

/** Maximum number of tokens in a sentence, including [CLS] and [SEP]. */
export function maxSequenceLength(config: EncoderConfig): number {
  return config.maxPositionEmbeddings - config.positionOffset;
}

function architectureNamed(modelType: unknown) {
  if (typeof modelType === 'string' && Object.hasOwn(architectures, modelType)) {
    return architectures[modelType as ModelType];
  }
  throw new InvalidModelError(
    `config.json says model_type ${shown(modelType)}, but only ${Object.keys(architectures).join(', ')} are known. ` +
      'Choose a model of one of these types.',
  );
}

function assertConsistent(config: EncoderConfig): void {
  const names = architectures[config.modelType].config;
  if (config.hiddenSize % config.numAttentionHeads !== 0) {
    throw new InvalidModelError(
      `config.json: ${names.hiddenSize[0]} ${config.hiddenSize} is not a multiple of ${names.numAttentionHeads[0]} ` +
        `${config.numAttentionHeads}. Take the config.json that belongs to the weights.`,
    );
  }
  if (config.padTokenId >= config.vocabSize) {
    throw new InvalidModelError(
      `config.json: pad_token_id ${config.padTokenId} is outside of the vocabulary of ${config.vocabSize} pieces.`,
    );
  }
  if (maxSequenceLength(config) < 2) {
    throw new InvalidModelError(
      `config.json: max_position_embeddings is ${config.maxPositionEmbeddings}, of which ${config.positionOffset} are not for ` +
        'tokens: too few for [CLS] and [SEP]. Take the config.json that belongs to the weights.',
    );
  }
}

function count(
  fields: Record<string, unknown>,
  [name, otherwise]: NumberField,
  most: number,
  least = 1,
): number {
  const value = fields[name] ?? otherwise;
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw new InvalidModelError(
      `config.json: ${name} is ${shown(value)}, but must be a whole number from ${least} to ${most}.`,
    );
  }
  return value as number;
}

function positive(fields: Record<string, unknown>, [name, otherwise]: NumberField): number {
  const value = fields[name] ?? otherwise;
  if (typeof value !== 'number' || !(value > 0) || !(value < 1)) {
    throw new InvalidModelError(
      `config.json: ${name} is ${shown(value)}, but must be a number between 0 and 1.`,
    );
  }
  return value;
}

function onlyKnown(fields: Record<string, unknown>, name: string, known: string | boolean): void {
  const value = fields[name];
  if (value !== undefined && value !== null && value !== known) {
    throw new InvalidModelError(
      `config.json: ${name} is ${shown(value)}, but only ${shown(known)} can be computed. Choose another model.`,
    );
  }
}
