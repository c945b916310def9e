import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutWord, wordsOf } from './words.js';

const texts = (sentence: string) => wordsOf(sentence).map(({ text }) => text);

describe('wordsOf', () => {
  it.each([
    ['The cat sat.', ['The', 'cat', 'sat', '.']],
    ["I don't, she'll; it’s rock'n'roll", ['I', "don't", ',', "she'll", ';', 'it’s', "rock'n'roll"]],
    ['the dogs’ bones', ['the', 'dogs', '’', 'bones']],
    ['My mother-in-law, well-known', ['My', 'mother-in-law', ',', 'well-known']],
    ['Well - no -- wait', ['Well', '-', 'no', '--', 'wait']],
    ['He left—I stayed–here', ['He', 'left', '—', 'I', 'stayed', '–', 'here']],
    ['"Sit," (he) said?!', ['"', 'Sit', ',', '"', '(', 'he', ')', 'said', '?', '!']],
    ["'Sit', he said.", ["'", 'Sit', "'", ',', 'he', 'said', '.']],
    ['«Non», „nein“ “no”', ['«', 'Non', '»', ',', '„', 'nein', '“', '“', 'no', '”']],
    ['So... what… then!!', ['So', '...', 'what', '…', 'then', '!!']],
    ['3.5 of 1,000 at 10:30.', ['3.5', 'of', '1,000', 'at', '10:30', '.']],
    ['5% or $7', ['5', '%', 'or', '$', '7']],
    ['e.g. the U.S. team, at 5 p.m.', ['e.g.', 'the', 'U.S.', 'team', ',', 'at', '5', 'p.m.']],
    ['She sat.He ran. I.', ['She', 'sat', '.', 'He', 'ran', '.', 'I', '.']],
    ['and/or snake_case', ['and', '/', 'or', 'snake_case']],
    ['naïve cafe\u0301 Straße', ['naïve', 'cafe\u0301', 'Straße']],
    ['a 👩🏽‍⚕️🇫🇷 ran❤️.', ['a', '👩🏽‍⚕️', '🇫🇷', 'ran', '❤️', '.']],
    ['我爱猫。ねこ、OK', ['我', '爱', '猫', '。', 'ね', 'こ', '、', 'OK']],
    ['나는 고양이를 می‌خواهم हिन्दी', ['나는', '고양이를', 'می‌خواهم', 'हिन्दी']],
    ['\u200b\ufeff A\u00a0cat\t\nsat \u200e', ['A', 'cat', 'sat']],
    [' \n', []],
  ])('cuts %s', (sentence, words) => {
    expect(texts(sentence)).toEqual(words);
  });

  it('gives offsets into the sentence as it stands, in UTF-16 code units', () => {
    expect(wordsOf('  𝒜 🐈  sat')).toEqual([
      { text: '𝒜', start: 2, end: 4 },
      { text: '🐈', start: 5, end: 7 },
      { text: 'sat', start: 9, end: 12 },
    ]);
  });

  it('stops where it has enough', () => {
    expect(wordsOf('The cat sat.', 2).map(({ text }) => text)).toEqual(['The', 'cat']);
    expect(wordsOf('The cat', 2)).toEqual(wordsOf('The cat'));
  });

  it('covers all of any text but what separates words', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let last = 0;
        for (const word of wordsOf(text)) {
          expect(word.start).toBeGreaterThanOrEqual(last);
          expect(word.end).toBeGreaterThan(word.start);
          expect(text.slice(last, word.start)).toMatch(/^[\s\p{Cc}\p{Cf}]*$/u);
          expect(word.text).toBe(text.slice(word.start, word.end));
          expect(word.text).toMatch(/^\S+$/);
          last = word.end;
        }
        expect(text.slice(last)).toMatch(/^[\s\p{Cc}\p{Cf}]*$/u);
      }),
      { numRuns: 500 },
    );
  });

  it('cuts the same words out of a sentence, whatever the white space between them', () => {
    const spaces = fc.constantFrom(' ', '  ', '\t', '\u00a0', '\n ', '\u3000');
    const word = fc.stringMatching(/^[a-zé'-]{0,5}[a-zé]$/u).map((letters) => `x${letters}`);
    fc.assert(
      fc.property(fc.array(fc.tuple(spaces, word), { minLength: 1, maxLength: 8 }), (parts) => {
        const expected = parts.flatMap(([, one]) => texts(one));
        expect(texts(parts.flat().join(''))).toEqual(expected);
      }),
    );
  });

  it('takes time in proportion to the length of a text', () => {
    for (const part of ['a.', '🐈', '!?', 'e\u0301', "a'", '1,', '\u0301']) {
      expect(wordsOf(part.repeat(5000)).at(-1)!.end).toBe(part.length * 5000);
    }
  });
});

/** Includes more difficult characters than chance would give. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(
        ' ',
        '  ',
        "don't",
        '...',
        '“',
        '”',
        "'",
        '-',
        '👩🏽‍⚕️',
        '🇫🇷',
        'e\u0301',
        '\u0301',
        '\u200d',
        '猫',
      ),
      fc.constantFrom('\ud83d', '\udc08', '3.5', 'e.g.', '\u00a0', '\ufeff', '\u0085', '_', 'ا\u200cب'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

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
