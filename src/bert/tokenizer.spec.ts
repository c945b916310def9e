import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidModelError } from './errors.js';
import { Tokenizer } from './tokenizer.js';

interface Golden {
  vocabulary: string[];
  texts: string[];
  cases: { settings: Record<string, unknown>; tokenIds: number[][] }[];
  cutTo8: number[][];
}

const golden = JSON.parse(readFileSync('test/goldens/tokenizer.json', 'utf8')) as Golden;
const tiny = 'test/goldens/tiny-bert';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function vocabularyFolder(settings?: Record<string, unknown>, lineEnd = '\n'): string {
  const path = mkdtempSync(join(folder, 'case-'));
  writeFileSync(join(path, 'vocab.txt'), golden.vocabulary.map((piece) => piece + lineEnd).join(''));
  if (settings) writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(settings));
  return path;
}

describe('a folder with vocab.txt alone', () => {
  it.each(golden.cases)('gives the ids of BertTokenizer under $settings', ({ settings, tokenIds }) => {
    const tokenizer = Tokenizer.fromFolder(vocabularyFolder(settings));
    golden.texts.forEach((text, index) => {
      expect(tokenizer.encode(text, 10_000), JSON.stringify(text)).toEqual({
        tokenIds: tokenIds[index],
        truncated: false,
      });
    });
  });

  it('cuts long sentences as BertTokenizer does', () => {
    const tokenizer = Tokenizer.fromFolder(vocabularyFolder());
    golden.texts.forEach((text, index) => {
      const whole = golden.cases[0]!.tokenIds[index]!;
      expect(tokenizer.encode(text, 8), JSON.stringify(text)).toEqual({
        tokenIds: golden.cutTo8[index],
        truncated: whole.length > 8,
      });
    });
  });

  it('reads lines that end in CRLF', () => {
    const tokenizer = Tokenizer.fromFolder(vocabularyFolder(undefined, '\r\n'));
    expect(tokenizer.vocabSize).toBe(golden.vocabulary.length);
    expect(tokenizer.encode(golden.texts[0]!, 100).tokenIds).toEqual(golden.cases[0]!.tokenIds[0]);
  });
});

describe('a folder with tokenizer.json', () => {
  const { sentences } = JSON.parse(readFileSync('test/goldens/goldens.json', 'utf8')) as {
    sentences: { sentence: string; tokenIds: number[] }[];
  };

  it('gives the same ids as the reference and as vocab.txt', () => {
    const tokenizer = Tokenizer.fromFolder(tiny);
    const path = mkdtempSync(join(folder, 'tiny-'));
    writeFileSync(join(path, 'vocab.txt'), readFileSync(join(tiny, 'vocab.txt')));
    const plain = Tokenizer.fromFolder(path);
    expect(plain.vocabSize).toBe(tokenizer.vocabSize);
    for (const { sentence, tokenIds } of sentences) {
      expect(tokenizer.encode(sentence, 64).tokenIds).toEqual(tokenIds);
      expect(plain.encode(sentence, 64).tokenIds).toEqual(tokenIds);
    }
  });
});

it('cutting gives the first tokens of the whole and the last, whatever the text', () => {
  const tokenizer = Tokenizer.fromFolder(vocabularyFolder());
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('the', '[SEP]', ' unwanted ', '中', 'a'.repeat(120)),
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

it('does not spend seconds on a megabyte of long unknown words', () => {
  const tokenizer = Tokenizer.fromFolder(vocabularyFolder());
  const text = `${'☃'.repeat(99)} [SEP] `.repeat(10_000);
  const start = performance.now();
  expect(tokenizer.encode(text, 128).truncated).toBe(true);
  expect(performance.now() - start).toBeLessThan(1_500);
});

describe('a folder that cannot be used', () => {
  const broken = (files: Record<string, string>): string => {
    const path = mkdtempSync(join(folder, 'broken-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return path;
  };

  it.each<[string, Record<string, string>, RegExp]>([
    ['nothing there', {}, /neither tokenizer.json nor vocab.txt/],
    ['broken JSON', { 'tokenizer.json': '{' }, /not valid JSON/],
    ['not an object', { 'tokenizer.json': '[]' }, /must hold a JSON object/],
    ['no model', { 'tokenizer.json': '{}' }, /cannot be used/],
    ['no [CLS]', { 'vocab.txt': '[PAD]\n[UNK]\n[SEP]\na\n' }, /lacks \[CLS\]/],
  ])('%s: says what is wrong', (_, files, message) => {
    const path = broken(files);
    expect(() => Tokenizer.fromFolder(path)).toThrow(InvalidModelError);
    expect(() => Tokenizer.fromFolder(path)).toThrow(message);
  });
});

it('refuses a length that holds no sentence', () => {
  expect(() => Tokenizer.fromFolder(tiny).encode('a', 1)).toThrow(RangeError);
});
