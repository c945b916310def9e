import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelType } from '../architectures/index.js';
import { completeTokenizerFiles } from './complete-files.js';
import { Tokenizer } from './tokenizer.js';

const goldens = 'test/goldens';
const texts = (name: string) =>
  (JSON.parse(readFileSync(join(goldens, name), 'utf8')) as { texts: string[] }).texts;
const sentences = [...texts('tokenizer-word-piece.json'), ...texts('tokenizer-byte-level.json')];

const models = {
  bert: {
    folder: join(goldens, 'tiny-bert'),
    model: { modelType: 'bert' as const, maxLength: 64 },
    all: ['special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'],
  },
  roberta: {
    folder: join(goldens, 'tiny-roberta'),
    model: { modelType: 'roberta' as const, maxLength: 64 },
    all: ['merges.txt', 'special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.json'],
  },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'complete-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const idsOf = (path: string) => {
  const tokenizer = Tokenizer.fromFolder(path);
  return sentences.map((sentence) => tokenizer.encode(sentence, 10_000).tokenIds);
};

describe.each([
  ['bert', ['vocab.txt']],
  ['bert', ['tokenizer.json']],
  ['roberta', ['vocab.json', 'merges.txt']],
  ['roberta', ['tokenizer.json']],
] as const)('of a %s model with %j', (name, given) => {
  const { folder: source, model, all } = models[name];
  beforeEach(() => {
    for (const file of given) copyFileSync(join(source, file), join(folder, file));
  });

  it('adds every other file, and each set of them gives the same tokens', () => {
    const added = completeTokenizerFiles(folder, model);
    expect([...given, ...added.keys()].sort()).toEqual(all);
    for (const [file, text] of added) writeFileSync(join(folder, file), text);
    const expected = idsOf(source);
    expect(idsOf(folder)).toEqual(expected);
    rmSync(join(folder, 'tokenizer.json'));
    expect(idsOf(folder)).toEqual(expected);
    expect([...completeTokenizerFiles(folder, model).keys()]).toEqual(['tokenizer.json']);
  });
});

describe('completeTokenizerFiles', () => {
  const copy = (name: keyof typeof models, ...files: string[]) => {
    for (const file of files) copyFileSync(join(models[name].folder, file), join(folder, file));
  };
  const added = (name: keyof typeof models, file: string, modelType: ModelType = name): unknown => {
    const text = completeTokenizerFiles(folder, { modelType, maxLength: 64 });
    return JSON.parse(text.get(file as 'tokenizer.json') ?? 'null');
  };

  it.each(['bert', 'roberta'] as const)('leaves the whole tokenizer of a %s model as it is', (name) => {
    copy(name, ...models[name].all);
    expect(completeTokenizerFiles(folder, models[name].model)).toEqual(new Map());
  });

  it('says in tokenizer_config.json what transformers would otherwise take its own opinion of', () => {
    copy('bert', 'tokenizer.json');
    expect(added('bert', 'tokenizer_config.json')).toEqual({
      cls_token: '[CLS]',
      do_lower_case: true,
      mask_token: '[MASK]',
      model_max_length: 64,
      pad_token: '[PAD]',
      sep_token: '[SEP]',
      strip_accents: null,
      tokenize_chinese_chars: true,
      unk_token: '[UNK]',
    });
  });

  it('keeps what tokenizer_config.json says', () => {
    copy('roberta', 'vocab.json', 'merges.txt');
    writeFileSync(
      join(folder, 'tokenizer_config.json'),
      JSON.stringify({ add_prefix_space: true, model_max_length: 20, mine: 1 }),
    );
    expect(added('roberta', 'tokenizer_config.json')).toMatchObject({
      add_prefix_space: true,
      model_max_length: 20,
      mine: 1,
      pad_token: '<pad>',
    });
  });

  it('lowers a limit that is above what the model reads', () => {
    copy('roberta', 'vocab.json', 'merges.txt');
    writeFileSync(
      join(folder, 'tokenizer_config.json'),
      '{"model_max_length": 1000000000000000019884624838656}',
    );
    expect(added('roberta', 'tokenizer_config.json')).toHaveProperty('model_max_length', 64);
  });

  it('writes a tokenizer.json that says what counts, where the stored one is overruled', () => {
    copy('bert', 'tokenizer.json');
    writeFileSync(join(folder, 'tokenizer_config.json'), '{"do_lower_case": false}');
    expect(added('bert', 'tokenizer.json')).toMatchObject({ normalizer: { lowercase: false } });
  });

  it('names the class where the type of the model would mislead', () => {
    copy('roberta', 'vocab.json', 'merges.txt');
    expect(added('roberta', 'tokenizer_config.json')).not.toHaveProperty('tokenizer_class');
    expect(added('roberta', 'tokenizer_config.json', 'bert')).toHaveProperty(
      'tokenizer_class',
      'RobertaTokenizer',
    );
  });

  it('tells that <mask> takes the space before it', () => {
    copy('roberta', 'vocab.json', 'merges.txt');
    expect(added('roberta', 'special_tokens_map.json')).toMatchObject({
      cls_token: '<s>',
      mask_token: { content: '<mask>', lstrip: true },
    });
  });
});
