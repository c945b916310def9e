import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertAccepted, kindOf, type TokenizerDefinition } from './accepted-definition.js';
import { readDefinition } from './definition.js';

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
  ])('finds %s', (kind, definition) => {
    expect(kindOf(definition as TokenizerDefinition)).toBe(kind);
  });

  const regex = { pattern: { Regex: '(a+)+$' }, content: '', behavior: 'Isolated', invert: false };
  const model = (changes: object) => ({ ...bert, model: { ...bert.model, ...changes } });
  const vocab = bert.model['vocab'] as object;
  const token = (content: string) => ({ id: 5, content, special: true });
  it.each<[string, object, RegExp]>([
    ['a pattern to replace', { ...bert, normalizer: { type: 'Replace', ...regex } }, /normalizer.*"Replace"/],
    [
      'a pattern to split at',
      { ...bert, pre_tokenizer: { type: 'Split', ...regex } },
      /pre_tokenizer.*"Split"/,
    ],
    [
      'one within a sequence',
      {
        ...bert,
        normalizer: { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'Replace', ...regex }] },
      },
      /normalizer.*"Replace"/,
    ],
    ['one that decodes', { ...bert, decoder: { type: 'Replace', ...regex } }, /decoder.*"Replace"/],
    [
      'sequences within each other',
      {
        ...bert,
        pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Sequence', pretokenizers: [] }] },
      },
      /"Sequence"/,
    ],
    [
      'a sequence without end',
      { ...bert, normalizer: { type: 'Sequence', normalizers: Array(9).fill({ type: 'NFD' }) } },
      /at most 8/,
    ],
    [
      'a template of several sentences',
      {
        ...bert,
        post_processor: { type: 'TemplateProcessing', single: Array(99).fill({ Sequence: { id: 'A' } }) },
      },
      /one token, the sentence/,
    ],
    [
      'another splitter for BPE',
      { ...roberta, pre_tokenizer: { type: 'BertPreTokenizer' } },
      /not ByteLevel/,
    ],
    ['chance', { ...roberta, model: { ...roberta.model, dropout: 0.1 } }, /dropout 0.1/],
    ['another model', { ...roberta, model: { type: 'Unigram', vocab: [] } }, /"Unigram"/],
    [
      'a long piece',
      model({ vocab: { ...vocab, ['a'.repeat(9990)]: 1 } }),
      /9990 characters, and 100 is the most/,
    ],
    [
      'long words',
      model({ max_input_chars_per_word: 1e9 }),
      /1000000000, but must be a whole number from 1 to 256/,
    ],
    ['a long prefix', model({ continuing_subword_prefix: '#'.repeat(99) }), /at most 16/],
    ['an id that fills memory', model({ vocab: { ...vocab, a: 2 ** 30 } }), /1073741824.*599999/],
    ['a long added token', { ...bert, added_tokens: [token('a'.repeat(101))] }, /101 characters, and 100/],
    ['many added tokens', { ...bert, added_tokens: Array(10_001).fill(token('a')) }, /10000 is the most/],
    [
      'added tokens of much text',
      { ...bert, added_tokens: Array(2_000).fill(token('a'.repeat(99))) },
      /100000 is the most/,
    ],
  ])('is asked of no tokenizer with %s: it is refused', (_, definition, message) => {
    expect(() => assertAccepted(definition as TokenizerDefinition, 'tokenizer.json')).toThrow(message);
  });

  it('takes the steps without patterns that a BERT may have', () => {
    const normalizers = ['NFD', 'Lowercase', 'StripAccents'].map((type) => ({ type }));
    const definition = {
      ...bert,
      normalizer: { type: 'Sequence', normalizers },
      pre_tokenizer: { type: 'Whitespace' },
    };
    write('tokenizer.json', definition);
    expect(readDefinition(folder)).toEqual(definition);
  });

  it('refuses files that are too large, nested without end, no plain files or not UTF-8', () => {
    writeFileSync(join(folder, 'tokenizer.json'), `{"a":${'['.repeat(99)}${']'.repeat(99)}}`);
    expect(() => readDefinition(folder)).toThrow(/more than 32 levels/);
    writeFileSync(join(folder, 'tokenizer.json'), Buffer.from([0x22, 0xff, 0x22]));
    expect(() => readDefinition(folder)).toThrow(/not text in UTF-8/);
    write('tokenizer.json', bert);
    writeFileSync(join(folder, 'special_tokens_map.json'), ' '.repeat(2 ** 20 + 1));
    expect(() => readDefinition(folder)).toThrow(/1048577 bytes, and 1048576 is the most/);
    rmSync(join(folder, 'special_tokens_map.json'));
    mkdirSync(join(folder, 'special_tokens_map.json'));
    expect(() => readDefinition(folder)).toThrow(/no plain file/);
  });
});
