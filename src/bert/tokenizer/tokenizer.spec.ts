import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { Tokenizer } from './tokenizer.js';

interface Golden {
  texts: string[];
  cases: { settings: Record<string, unknown>; tokenIds: number[][] }[];
  cutTo8: number[][];
}

const goldens = 'test/goldens';
const read = (name: string): unknown => JSON.parse(readFileSync(join(goldens, name), 'utf8'));
const wordPiece = read('tokenizer-word-piece.json') as Golden & { vocabulary: string[] };
const byteLevel = read('tokenizer-byte-level.json') as Golden;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tokenizer-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(root, 'case-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function wordPieceFolder(settings: Record<string, unknown> = {}, lineEnd = '\n'): string {
  return folderWith({
    'vocab.txt': wordPiece.vocabulary.map((piece) => piece + lineEnd).join(''),
    'tokenizer_config.json': JSON.stringify(settings),
  });
}

function byteLevelFolder(settings: Record<string, unknown> = {}): string {
  const folder = folderWith({ 'tokenizer_config.json': JSON.stringify(settings) });
  for (const name of ['vocab.json', 'merges.txt']) {
    copyFileSync(join(goldens, 'tiny-roberta', name), join(folder, name));
  }
  return folder;
}

describe.each([
  ['BertTokenizer', 'vocab.txt', wordPiece, wordPieceFolder],
  ['RobertaTokenizer', 'vocab.json and merges.txt', byteLevel, byteLevelFolder],
] as const)('%s, from %s alone', (_name, _files, golden, folderOf) => {
  it.each(golden.cases)('gives the ids of transformers under $settings', ({ settings, tokenIds }) => {
    const tokenizer = Tokenizer.fromFolder(folderOf(settings));
    golden.texts.forEach((text, index) => {
      expect(tokenizer.encode(text, 10_000), JSON.stringify(text)).toEqual({
        tokenIds: tokenIds[index],
        truncated: false,
      });
    });
  });

  it('cuts long sentences as transformers does', () => {
    const tokenizer = Tokenizer.fromFolder(folderOf());
    golden.texts.forEach((text, index) => {
      const whole = golden.cases[0]!.tokenIds[index]!;
      expect(tokenizer.encode(text, 8), JSON.stringify(text)).toEqual({
        tokenIds: golden.cutTo8[index],
        truncated: whole.length > 8,
      });
    });
  });

  it('takes half of a surrogate pair for the character that replaces what cannot be read', () => {
    const tokenizer = Tokenizer.fromFolder(folderOf());
    for (const text of ['a\uD83D b', '\uDE42', 'x\uD83D']) {
      expect(tokenizer.encode(text, 64)).toEqual(
        tokenizer.encode(text.replace(/\uD83D|\uDE42/, '\uFFFD'), 64),
      );
    }
  });

  it('gives the first tokens of the whole and the last when it cuts, whatever the text', () => {
    const tokenizer = Tokenizer.fromFolder(folderOf());
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('the', '[SEP]', '<s>', '  <mask>', ' unwanted ', '中', 'a'.repeat(120)),
    );
    const text = fc.array(word).map((words) => words.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 20 }), (sentence, maxLength) => {
        const whole = tokenizer.encode(sentence, 1_000_000).tokenIds;
        const { tokenIds, truncated } = tokenizer.encode(sentence, maxLength);
        expect(truncated).toBe(whole.length > maxLength);
        expect(tokenIds).toEqual(truncated ? [...whole.slice(0, maxLength - 1), whole.at(-1)] : whole);
        expect(Math.max(...whole)).toBeLessThan(tokenizer.vocabSize);
      }),
    );
  });

  it.each([
    ['long unknown words', `${'☃'.repeat(99)} [SEP] `.repeat(10_000)],
    ['spaces before a token that takes them', `a${' '.repeat(1_000_000)}<mask> ${'b '.repeat(200)}`],
  ])('does not spend seconds on a megabyte of %s', (_what, text) => {
    const tokenizer = Tokenizer.fromFolder(folderOf());
    const start = performance.now();
    expect(tokenizer.encode(text, 128).truncated).toBe(true);
    // Generous for a busy machine: quadratic time would be minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

it('reads a vocab.txt whose lines end in CRLF', () => {
  const tokenizer = Tokenizer.fromFolder(wordPieceFolder({}, '\r\n'));
  expect(tokenizer.vocabSize).toBe(wordPiece.vocabulary.length);
  expect(tokenizer.encode(wordPiece.texts[0]!, 100).tokenIds).toEqual(wordPiece.cases[0]!.tokenIds[0]);
});

describe.each([
  ['bert', 'tiny-bert'],
  ['roberta', 'tiny-roberta'],
])('the tokenizer.json of a %s model', (architecture, name) => {
  const { sentences } = read(`${architecture}/goldens.json`) as {
    sentences: { sentence: string; tokenIds: number[] }[];
  };

  it('gives the same ids as the reference and as the files of older readers', () => {
    const tokenizer = Tokenizer.fromFolder(join(goldens, name));
    const folder = folderWith({});
    const older = name === 'tiny-bert' ? ['vocab.txt'] : ['vocab.json', 'merges.txt'];
    for (const file of older) copyFileSync(join(goldens, name, file), join(folder, file));
    const plain = Tokenizer.fromFolder(folder);
    expect(plain.vocabSize).toBe(tokenizer.vocabSize);
    for (const { sentence, tokenIds } of sentences) {
      expect(tokenizer.encode(sentence, 64).tokenIds).toEqual(tokenIds);
      expect(plain.encode(sentence, 64).tokenIds).toEqual(tokenIds);
    }
  });
});

describe('a folder that cannot be used', () => {
  const roberta = (file: string) => readFileSync(join(goldens, 'tiny-roberta', file), 'utf8');
  const vocabulary = (changes: Record<string, unknown>) =>
    JSON.stringify({ ...(JSON.parse(roberta('vocab.json')) as object), ...changes });
  const merges = roberta('merges.txt');
  const changed = (model: string, changes: Record<string, unknown>) => {
    const definition = read(`${model}/tokenizer.json`) as { model: object };
    return JSON.stringify({ ...definition, model: { ...definition.model, ...changes } });
  };

  it.each<[string, Record<string, string>, RegExp]>([
    ['nothing there', {}, /neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt/],
    ['no merges', { 'vocab.json': vocabulary({}) }, /nor vocab.json with merges.txt. Add them/],
    ['broken JSON', { 'tokenizer.json': '{' }, /not valid JSON/],
    ['not an object', { 'tokenizer.json': '[]' }, /must hold a JSON object/],
    ['no model', { 'tokenizer.json': '{"added_tokens": []}' }, /model or added_tokens is missing/],
    [
      'nothing but a model',
      { 'tokenizer.json': '{"model": {}, "added_tokens": []}' },
      /only WordPiece and BPE/,
    ],
    [
      'no token for unknown words',
      { 'tokenizer.json': changed('tiny-bert', { unk_token: 'unk' }) },
      /lacks the token for unknown words.*Copy/,
    ],
    ['no [CLS]', { 'vocab.txt': '[PAD]\n[UNK]\n[SEP]\na\n' }, /lacks \[CLS\]/],
    [
      'vocab.json cut off',
      { 'vocab.json': vocabulary({}).slice(0, 99), 'merges.txt': merges },
      /not valid JSON/,
    ],
    ['no <s>', { 'vocab.json': '{"</s>": 0}', 'merges.txt': merges }, /lacks <s>/],
    [
      'an id that is none',
      { 'vocab.json': vocabulary({ x: '7' }), 'merges.txt': merges },
      /vocab.json gives "x" the id "7".*Copy/,
    ],
    [
      'half a merge',
      { 'vocab.json': vocabulary({}), 'merges.txt': `${merges}Ġ\n` },
      /line 125.*two pieces.*Copy/,
    ],
    [
      'merges of another model',
      { 'vocab.json': vocabulary({}), 'merges.txt': 'q z\n' },
      /merge 1 \(q z\) .*Copy/,
    ],
  ])('%s: says what is wrong', (_, files, message) => {
    const folder = folderWith(files);
    expect(() => Tokenizer.fromFolder(folder)).toThrow(InvalidModelError);
    expect(() => Tokenizer.fromFolder(folder)).toThrow(message);
  });
});

it('refuses a length that holds no sentence', () => {
  expect(() => Tokenizer.fromFolder(join(goldens, 'tiny-bert')).encode('a', 1)).toThrow(RangeError);
});

describe('Tokenizer.open', () => {
  it('opens the same tokenizer, and gives others a turn meanwhile', async () => {
    const folder = 'test/goldens/tiny-bert';
    let turns = 0;
    const count = () => void (turns++, (next = setImmediate(count)));
    let next = setImmediate(count);
    const opened = await Tokenizer.open(folder);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(3);
    const sentence = 'The cat sat on the mat.';
    expect(opened.encode(sentence, 64)).toEqual(Tokenizer.fromFolder(folder).encode(sentence, 64));
  });

  it('refuses what cannot be opened', async () => {
    await expect(Tokenizer.open('test/goldens')).rejects.toThrow(InvalidModelError);
  });
});
