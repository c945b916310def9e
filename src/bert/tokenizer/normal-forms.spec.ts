import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { normalizeTo, type NormalForm } from './normal-forms.js';

const forms: NormalForm[] = ['NFC', 'NFD', 'NFKC', 'NFKD'];

/** All marks, and all characters that become marks. */
const marks = Array.from({ length: 0x20000 }, (_, point) => point)
  .filter((point) => point < 0xd800 || point > 0xdfff)
  .map((point) => String.fromCodePoint(point))
  .filter((letter) => /[\p{M}\uFF9E\uFF9F]/u.test(letter));

describe.each(forms)('normalizeTo %s', (form) => {
  it('is what Node gives, however many marks a letter has', () => {
    const letter = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...marks) },
      fc.constantFrom('a', 'é', 'ệ', '¨', '각', '語', 'ﾀ', '\u034f', '\ud83d', '🙂', ' '),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    const few = fc.array(letter, { maxLength: 4 });
    const many = fc.array(fc.constantFrom(...marks), { minLength: 25, maxLength: 80 });
    const text = fc.array(fc.oneof(few, many), { maxLength: 4 }).map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(text, (sentence) => {
        expect(normalizeTo(form, sentence)).toBe(sentence.normalize(form));
      }),
      fuzzed(1_000),
    );
  });

  it('knows the place of each mark among all others', () => {
    for (let at = 0; at < marks.length; at += 100) {
      const text = `e${marks
        .slice(at, at + 100)
        .toReversed()
        .join('')}`;
      expect(normalizeTo(form, text)).toBe(text.normalize(form));
    }
  });

  // Node's own function takes a hundred times as long for ten times as many marks: a minute for these.
  it.each(['\u0315\u0300', '\u08d3\u08ca', '\u{1d16d}\u{1d165}', '\uFF9E\u0334', '\u0300'])(
    'takes no longer for a letter with many marks (%j) than for other texts',
    (pair) => {
      expect(normalizeTo(form, `a${pair.repeat(100_000)}`).length).toBeGreaterThanOrEqual(100_000);
    },
  );
});
