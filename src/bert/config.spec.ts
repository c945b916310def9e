import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bertConfigFields, parseBertConfig } from './config.js';
import { InvalidModelError } from './errors.js';

const tiny = JSON.parse(readFileSync('test/goldens/tiny-bert/config.json', 'utf8')) as Record<
  string,
  unknown
>;

describe('parseBertConfig', () => {
  it('reads what transformers wrote', () => {
    expect(parseBertConfig(tiny)).toEqual({
      modelType: 'bert',
      vocabSize: 127,
      hiddenSize: 32,
      numHiddenLayers: 2,
      numAttentionHeads: 4,
      intermediateSize: 64,
      hiddenAct: 'gelu',
      maxPositionEmbeddings: 64,
      typeVocabSize: 2,
      layerNormEps: 1e-12,
      initializerRange: 0.25,
      padTokenId: 0,
    });
  });

  it('takes the defaults of BERT-base for what is left out', () => {
    expect(parseBertConfig({ model_type: 'bert' })).toMatchObject({
      hiddenSize: 768,
      numHiddenLayers: 12,
      vocabSize: 30_522,
    });
  });

  it('reads back what bertConfigFields gives', () => {
    const config = parseBertConfig(tiny);
    expect(parseBertConfig(bertConfigFields(config))).toEqual(config);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 'bert', /JSON object/],
    ['a list', [], /JSON object/],
    ['another type', { ...tiny, model_type: 'roberta' }, /model_type "roberta"/],
    ['no type', { ...tiny, model_type: undefined }, /model_type nothing/],
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
    expect(() => parseBertConfig(json)).toThrow(InvalidModelError);
    expect(() => parseBertConfig(json)).toThrow(message);
  });
});
