import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.js';
import { isName, LONGEST_NAME, nameFrom } from './names.js';

describe('names', () => {
  it.each(['x', 'Final exam, spring', 'Zoë’s 語 set', '👩‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ 1️⃣', '😀'.repeat(LONGEST_NAME)])(
    '%j is one',
    (name) => {
      expect(isName(name)).toBe(true);
    },
  );

  it.each([
    ['nothing', ''],
    ['a blank', ' '],
    ['what cannot be seen', '\u200b\u3164\u2800'],
    ['a line feed', 'a\nb'],
    ['a line separator', 'a\u2028b'],
    ['a terminal escape', 'a\u001b[2Jb'],
    ['a C1 control character', 'a\u009bb'],
    ['a NUL', 'a\0b'],
    ['a direction override', 'a\u202egnp.b'],
    ['a zero-width space', 'a\u200bb'],
    ['a zero-width joiner between letters', 'a\u200db'],
    ['a byte-order mark', '\ufeffa'],
    ['half of a surrogate pair', 'a\ud83d'],
    ['white space at an end', 'a '],
    ['a letter with a loose accent', 'cafe\u0301'],
    ['too many characters', 'x'.repeat(LONGEST_NAME + 1)],
    ['a number', 7],
  ])('%s is none', (_what, name) => {
    expect(isName(name)).toBe(false);
  });

  it('can be made of any text, unless nothing of it can be seen', () => {
    const unit = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\u200b',
      '\u202e',
      '\0',
      'e\u0301',
      '😀',
      '👩‍👩‍👧',
      '\ud83d',
      'x'.repeat(90),
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const name = nameFrom(text);
        expect(name === '' || isName(name)).toBe(true);
        if (/[ae😀x]/u.test(text)) expect(name).not.toBe('');
        if (isName(text)) expect(name).toBe(text);
      }),
      fuzzed(500),
    );
  });

  it('are made in short time of a long text', () => {
    expect(nameFrom(`${'a\n'.repeat(1_000_000)}`)).toHaveLength(LONGEST_NAME);
    expect(nameFrom(`bert on ${'x'.repeat(150)}👩‍👩‍👧${'y'.repeat(100)}`, 162)).toBe(
      `bert on ${'x'.repeat(150)}…`,
    );
  });
});
