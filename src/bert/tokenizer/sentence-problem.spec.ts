import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { normalizeForBert } from './bert-normalizer.js';
import { sentenceProblem } from './sentence-problem.js';

const normal = (text: string) =>
  normalizeForBert(text, {
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  }).trim();

describe('sentenceProblem', () => {
  it.each([
    ['', 'must not be empty: write a sentence'],
    [' \t\n\u00a0\u3000', 'must not be empty: write a sentence'],
    ['\u200b', 'must be more than U+200B (a format character): write a sentence'],
    ['\u00ad', 'must be more than U+00AD (a format character): write a sentence'],
    ['\0', 'must be more than U+0000 (a control character): write a sentence'],
    ['\ufffd', 'must be more than U+FFFD (which stands for a character that was lost): write a sentence'],
    ['\u0301', 'must be more than U+0301 (a mark on a letter): write a sentence'],
    ['\ue000', 'must be more than U+E000 (private use): write a sentence'],
    ['\ud83d', 'must be more than U+D83D (half of a character): write a sentence'],
    ['\uffff', 'must be more than U+FFFF (unassigned): write a sentence'],
    ['\u3164 \u2800', 'must be more than U+3164 (invisible) and U+2800 (invisible): write a sentence'],
    [
      ' \u200b\u200b \u{e0041}\u0301',
      'must be more than U+200B (a format character), U+E0041 (a format character) and U+0301 (a mark on a letter): write a sentence',
    ],
  ])('says of what a text consists that leaves nothing to judge: %j', (text, problem) => {
    expect(sentenceProblem(text)).toBe(problem);
  });

  it('names no more than a few characters', () => {
    const problem = sentenceProblem('\u0001\u0002\u0003\u0004\u0005\u0006'.repeat(1000));
    expect(problem).toMatch(/^must be more than (U\+000[1-4] \(a control character\),? ){4}and others:/);
  });

  it.each(['A cat.', 'a\u200b', '\u0301e', '?', '7', '😀', '語', 'naïve \ufffd', 'Soft\u00adly.', '👩‍👩‍👧'])(
    'takes what something is left of: %j',
    (text) => {
      expect(sentenceProblem(text)).toBeNull();
    },
  );

  it('refuses half of a character beside others, and says where it is', () => {
    expect(sentenceProblem('A cat \ud83d.')).toMatch(
      /^must be whole: U\+D83D .* after 6 UTF-16 code units\./,
    );
    expect(sentenceProblem('\ude00 A cat.')).toMatch(/U\+DE00/);
  });

  it('takes no text of which the clean-up of BERT leaves nothing, and refuses none of words', () => {
    const character = fc.oneof(
      fc.nat(0x10ffff).map((point) => String.fromCodePoint(point)),
      fc.constantFrom('\u200b', '\u00ad', '\0', '\ufffd', '\u0301', '\ue000', '\ud83d', ' ', '\u0345'),
    );
    fc.assert(
      fc.property(fc.array(character, { maxLength: 6 }), (characters) => {
        const text = characters.join('');
        if (normal(text) === '') expect(sentenceProblem(text)).toMatch(/^must (not be empty|be more than)/);
        expect(sentenceProblem(`${text}a`.replace(/\p{Cs}/gu, ''))).toBeNull();
      }),
      fuzzed(300),
    );
  });
});
