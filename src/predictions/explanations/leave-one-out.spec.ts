import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutWord } from './leave-one-out.js';
import { wordsOf } from './words.js';

const withoutEach = (sentence: string) => wordsOf(sentence).map((word) => withoutWord(sentence, word));

describe('withoutWord', () => {
  it.each([
    ['The cat sat.', ['cat sat.', 'The sat.', 'The cat.', 'The cat sat']],
    ['No, go now', [', go now', 'No go now', 'No, now', 'No, go']],
    [
      'a "big red" cat',
      ['"big red" cat', 'a big red" cat', 'a "red" cat', 'a "big" cat', 'a "big red cat', 'a "big red"'],
    ],
    ['so (very) so', ['(very) so', 'so very) so', 'so () so', 'so (very so', 'so (very)']],
    ['I left—he slept', ['left—he slept', 'I—he slept', 'I left he slept', 'I left— slept', 'I left—he']],
    ['one - two', ['- two', 'one two', 'one -']],
    ["  Don't  go ", ['go ', "  Don't"]],
    ['three  wide  gaps', ['wide  gaps', 'three  gaps', 'three  wide']],
    ['I 👩🏽‍⚕️ run', ['👩🏽‍⚕️ run', 'I run', 'I 👩🏽‍⚕️']],
    ['Sit', ['']],
  ])('leaves one out of %s', (sentence, shorter) => {
    expect(withoutEach(sentence)).toEqual(shorter);
  });

  it('takes away the word, and nothing else but white space', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (sentence) => {
        for (const word of wordsOf(sentence)) {
          const left = sentence.slice(0, word.start) + sentence.slice(word.end);
          const shorter = withoutWord(sentence, word);
          expect(shorter.replace(/\s/g, '')).toBe(left.replace(/\s/g, ''));
          expect(shorter.length).toBeLessThanOrEqual(sentence.length);
        }
      }),
    );
  });

  it('leaves the other words as they are, in a plain sentence', () => {
    const word = fc.constantFrom('The', 'cat', "don't", 'mother-in-law', '3.5', ',', '.', '(', ')', '—');
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 9 }), (parts) => {
        const sentence = parts.join(' ');
        withoutEach(sentence).forEach((shorter, i) => {
          expect(shorter).toBe(parts.filter((_, j) => j !== i).join(' '));
        });
      }),
    );
  });
});
