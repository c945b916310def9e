import { expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { WordPieceEncoding } from './word-piece-encoding.js';

const vocabulary = ['[UNK]', 'un', 'able', '##able', '##a', '##ab', '##l', '𠀀', '##𠀀', 'una'];
const encoding = new WordPieceEncoding({
  vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
  unk_token: '[UNK]',
  max_input_chars_per_word: 8,
});

it.each([
  ['able', ['able']],
  ['unable', ['[UNK]']], // una ##b…: the longest piece first, without backtracking
  ['unlable', ['un', '##l', '##able']],
  ['unlab', ['un', '##l', '##ab']],
  ['unx', ['[UNK]']],
  ['ununun', ['[UNK]']],
  ['𠀀'.repeat(8), ['𠀀', ...new Array<string>(7).fill('##𠀀')]],
  ['𠀀'.repeat(9), ['[UNK]']],
])('cuts %s into %j', (word, pieces) => {
  expect(encoding.encode(word)).toEqual(pieces);
});

it('refuses a model without pieces or without the token for unknown words', () => {
  expect(() => new WordPieceEncoding({ unk_token: '[UNK]' })).toThrow(InvalidModelError);
  expect(() => new WordPieceEncoding({ vocab: { a: 0 }, unk_token: '[UNK]' })).toThrow(/lacks the token/);
});
