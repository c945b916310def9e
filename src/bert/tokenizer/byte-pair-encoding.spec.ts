import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { BytePairEncoding } from './byte-pair-encoding.js';

const { merging } = JSON.parse(readFileSync('test/goldens/tokenizer-byte-level.json', 'utf8')) as {
  merging: { model: Record<string, unknown>; words: string[]; pieces: string[][] }[];
};

describe('BytePairEncoding', () => {
  it.each(merging)('gives the pieces of the reference for $words', ({ model, words, pieces }) => {
    const encoding = new BytePairEncoding(model);
    expect(words.map((word) => encoding.encode(word))).toEqual(pieces);
  });

  it('reads merges as pairs too', () => {
    const model = { vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] };
    expect(new BytePairEncoding(model).encode('aab')).toEqual(['a', 'ab']);
  });

  it('cuts one long word in a time that does not grow with its square', () => {
    const { model } = merging.find(({ words }) => words.includes('aaaa'))!;
    const encoding = new BytePairEncoding(model);
    // With the square it takes minutes, and the time limit of the test ends it.
    expect(encoding.encode('a'.repeat(200_001))).toHaveLength(50_001);
  });

  it.each([
    ['no vocabulary', { merges: [] }, /its vocabulary holds no object/],
    ['no merges', { vocab: {} }, /merges are not a list/],
    ['an id that is none', { vocab: { a: -1 }, merges: [] }, /gives "a" the id -1/],
    ['three pieces', { vocab: { a: 0 }, merges: ['a a a'] }, /merge 1 is not two pieces/],
    ['no piece at all', { vocab: { a: 0 }, merges: [7] }, /merge 1 is not two pieces/],
    ['an unknown piece', { vocab: { a: 0 }, merges: ['a a'] }, /needs the piece aa/],
  ])('refuses a model with %s', (_, model, message) => {
    expect(() => new BytePairEncoding(model)).toThrow(InvalidModelError);
    expect(() => new BytePairEncoding(model)).toThrow(message);
  });
});
