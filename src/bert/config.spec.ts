import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { architectures } from './architectures/index.js';
import { encoderConfigFields, maxSequenceLength, parseEncoderConfig } from './config.js';
import { InvalidModelError } from './errors.js';

const golden = (type: string) =>
  JSON.parse(readFileSync(`test/goldens/tiny-${type}/config.json`, 'utf8')) as Record<string, unknown>;
const tiny = golden('bert');

describe('parseEncoderConfig', () => {
  it('reads what transformers wrote', () => {
    expect(parseEncoderConfig(tiny)).toEqual({
      modelType: 'bert',
      vocabSize: 127,
      embeddingSize: 32,
      hiddenSize: 32,
      numHiddenLayers: 2,
      numAttentionHeads: 4,
      intermediateSize: 64,
      hiddenAct: 'gelu',
      maxPositionEmbeddings: 64,
      positionOffset: 0,
      typeVocabSize: 2,
      layerNormEps: 1e-12,
      initializerRange: 0.25,
      padTokenId: 0,
      attentionOutputDropout: true,
      head: { dropoutBeforeDense: false, activation: 'tanh' },
    });
  });

  it.each([
    [
      'electra',
      {
        embeddingSize: 12,
        hiddenSize: 16,
        typeVocabSize: 2,
        head: { dropoutBeforeDense: true, activation: 'gelu' },
      },
    ],
    [
      'distilbert',
      {
        embeddingSize: 16,
        hiddenSize: 16,
        numHiddenLayers: 2,
        numAttentionHeads: 2,
        intermediateSize: 24,
        typeVocabSize: 0,
        layerNormEps: 1e-12,
        attentionOutputDropout: false,
        head: { dropoutBeforeDense: false, activation: 'relu' },
      },
    ],
    [
      'roberta',
      {
        vocabSize: 384,
        maxPositionEmbeddings: 66,
        positionOffset: 2,
        typeVocabSize: 1,
        layerNormEps: 1e-5,
        padTokenId: 1,
        head: { dropoutBeforeDense: true, activation: 'tanh' },
      },
    ],
  ])('reads what transformers wrote for %s', (type, expected) => {
    const config = parseEncoderConfig(golden(type));
    expect(config).toMatchObject({ modelType: type, ...expected });
    expect(maxSequenceLength(config)).toBe(64);
  });

  it.each([
    ['bert', { vocabSize: 30_522, embeddingSize: 768, hiddenSize: 768, numHiddenLayers: 12, padTokenId: 0 }],
    ['electra', { vocabSize: 30_522, embeddingSize: 128, hiddenSize: 256, numAttentionHeads: 4 }],
    ['distilbert', { vocabSize: 30_522, hiddenSize: 768, numHiddenLayers: 6, intermediateSize: 3072 }],
    ['roberta', { vocabSize: 50_265, hiddenSize: 768, typeVocabSize: 2, layerNormEps: 1e-12, padTokenId: 1 }],
  ])('takes the defaults of transformers for what %s leaves out', (type, expected) => {
    expect(parseEncoderConfig({ model_type: type })).toMatchObject(expected);
  });

  it.each(Object.keys(architectures))('reads back what encoderConfigFields gives of %s', (type) => {
    const config = parseEncoderConfig(golden(type));
    expect(parseEncoderConfig(encoderConfigFields(config))).toEqual(config);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 'bert', /JSON object/],
    ['a list', [], /JSON object/],
    [
      'another type',
      { ...tiny, model_type: 'albert' },
      /model_type "albert", but only bert, distilbert, electra, roberta are known/,
    ],
    [
      'a type that is a property of all objects',
      { ...tiny, model_type: 'toString' },
      /model_type "toString"/,
    ],
    ['no type', { ...tiny, model_type: undefined }, /model_type nothing/],
    [
      "another activation of DistilBERT's",
      { ...golden('distilbert'), activation: 'relu' },
      /activation is "relu"/,
    ],
    [
      'positions that are not learned',
      { ...golden('distilbert'), sinusoidal_pos_embds: true },
      /sinusoidal_pos_embds/,
    ],
    [
      'heads that do not divide, by their name',
      { ...golden('distilbert'), n_heads: 3 },
      /dim 16 .* n_heads 3/,
    ],
    ['no room for tokens', { ...golden('roberta'), max_position_embeddings: 3 }, /too few for \[CLS\]/],
    ['another activation', { ...tiny, hidden_act: 'gelu_new' }, /hidden_act is "gelu_new"/],
    ['relative positions', { ...tiny, position_embedding_type: 'relative_key' }, /position_embedding_type/],
    ['a decoder', { ...tiny, is_decoder: true }, /is_decoder/],
    ['a fraction', { ...tiny, hidden_size: 32.5 }, /hidden_size is 32.5/],
    ['text for a number', { ...tiny, hidden_size: '32' }, /hidden_size is "32"/],
    ['zero layers', { ...tiny, num_hidden_layers: 0 }, /num_hidden_layers is 0/],
    ['too many layers', { ...tiny, num_hidden_layers: 1e9 }, /num_hidden_layers/],
    ['heads that do not divide', { ...tiny, num_attention_heads: 5 }, /not a multiple/],
    ['an epsilon of zero', { ...tiny, layer_norm_eps: 0 }, /layer_norm_eps is 0/],
    ['padding outside', { ...tiny, pad_token_id: 127 }, /pad_token_id 127/],
  ])('refuses %s', (_, json, message) => {
    expect(() => parseEncoderConfig(json)).toThrow(InvalidModelError);
    expect(() => parseEncoderConfig(json)).toThrow(message);
  });
});
