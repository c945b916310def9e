import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kindOf, readDefinition } from './definition.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';

const goldens = 'test/goldens';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'definition-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const copy = (model: string, ...names: string[]) => {
  for (const name of names) copyFileSync(join(goldens, model, name), join(folder, name));
};
const write = (name: string, json: unknown) => writeFileSync(join(folder, name), JSON.stringify(json));
const stored = (model: string) =>
  JSON.parse(readFileSync(join(goldens, model, 'tokenizer.json'), 'utf8')) as TokenizerDefinition;

describe('readDefinition', () => {
  it('makes of vocab.json and merges.txt what transformers makes of them', () => {
    copy('tiny-roberta', 'vocab.json', 'merges.txt');
    const expected = stored('tiny-roberta');
    const merges = (expected.model['merges'] as string[][]).map((pair) => pair.join(' '));
    const definition = readDefinition(folder);
    expect(definition.model).toEqual({ ...expected.model, merges });
    for (const part of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) {
      expect(definition[part]).toEqual(expected[part]);
    }
    const byId = (tokens: TokenizerDefinition['added_tokens']) =>
      tokens.toSorted((a, b) => (a['id'] as number) - (b['id'] as number));
    expect(byId(definition.added_tokens)).toEqual(byId(expected.added_tokens));
  });

  it('takes tokenizer.json before all else', () => {
    copy('tiny-roberta', 'tokenizer.json', 'vocab.json', 'merges.txt');
    copy('tiny-bert', 'vocab.txt');
    expect(readDefinition(folder)).toEqual(stored('tiny-roberta'));
  });

  it.each([
    [{}, true],
    [{ do_lower_case: false }, false],
    [{ do_lower_case: false, tokenizer_class: 'BertTokenizer' }, false],
    [{ do_lower_case: false, tokenizer_class: 'PreTrainedTokenizerFast' }, true],
  ])('lower-cases as transformers does with tokenizer.json and the settings %j', (settings, lowercase) => {
    copy('tiny-bert', 'tokenizer.json');
    write('tokenizer_config.json', settings);
    expect(readDefinition(folder).normalizer).toEqual({ ...stored('tiny-bert').normalizer, lowercase });
  });

  it('puts a space before a sentence where the settings say so', () => {
    copy('tiny-roberta', 'tokenizer.json');
    write('tokenizer_config.json', { add_prefix_space: true });
    expect(readDefinition(folder).pre_tokenizer).toMatchObject({ add_prefix_space: true });
  });

  const mask = { content: '<mask>', lstrip: false, rstrip: true };
  it.each<[string, Record<string, unknown>, Record<string, unknown>, object]>([
    ['nothing', {}, {}, { lstrip: true, rstrip: false }],
    ['a string', { mask_token: '<mask>' }, {}, { lstrip: true, rstrip: false }],
    ['the configuration', { mask_token: mask }, { mask_token: '<mask>' }, { lstrip: false, rstrip: true }],
    ['the added tokens', { added_tokens_decoder: { 383: mask } }, {}, { lstrip: false, rstrip: true }],
    ['the special tokens', { mask_token: '<mask>' }, { mask_token: mask }, { lstrip: false, rstrip: true }],
  ])('knows the spaces that <mask> takes, told by %s', (_by, config, specialTokens, expected) => {
    copy('tiny-roberta', 'vocab.json', 'merges.txt');
    write('tokenizer_config.json', config);
    write('special_tokens_map.json', specialTokens);
    expect(readDefinition(folder).added_tokens.find(({ id }) => id === 383)).toMatchObject(expected);
  });

  it('knows special tokens of other names', () => {
    copy('tiny-roberta', 'merges.txt');
    const { '<s>': start, ...pieces } = stored('tiny-roberta').model['vocab'] as Record<string, number>;
    write('vocab.json', { '[CLS]': start, ...pieces });
    write('special_tokens_map.json', { cls_token: '[CLS]', bos_token: '[CLS]' });
    expect(readDefinition(folder).post_processor).toMatchObject({ cls: ['[CLS]', 0], sep: ['</s>', 2] });
  });
});

describe('kindOf', () => {
  const bert = stored('tiny-bert');
  const roberta = stored('tiny-roberta');
  const without = (definition: TokenizerDefinition, field: string) => ({
    ...definition,
    model: Object.fromEntries(Object.entries(definition.model).filter(([name]) => name !== field)),
  });

  it.each([
    ['word-piece', bert],
    ['word-piece', without(bert, 'type')],
    ['byte-level', roberta],
    ['byte-level', without(roberta, 'type')],
    ['other', { ...roberta, pre_tokenizer: { type: 'Metaspace' } }],
    ['other', { ...roberta, model: { ...roberta.model, dropout: 0.1 } }],
    ['other', { ...roberta, model: { type: 'Unigram', vocab: [] } }],
    ['other', { ...roberta, model: { unk_id: 0, vocab: [] } }],
  ])('finds %s', (kind, definition) => {
    expect(kindOf(definition as TokenizerDefinition)).toBe(kind);
  });
});
