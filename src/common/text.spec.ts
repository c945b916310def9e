import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.js';
import { characterCount, isLongerThan, quoted, shortened } from './text.js';

const family = '👩‍👩‍👧';
const anyText = fc.string({
  unit: fc.constantFrom('a', ' ', 'é', 'e\u0301', '語', '😀', family, '🇬🇧', '\u0301', '\ud83d', '\ude00'),
  maxLength: 30,
});

describe('texts', () => {
  it('have as many characters as code points', () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, most) => {
        expect(characterCount(text)).toBe([...text].length);
        expect(isLongerThan(text, most)).toBe([...text].length > most);
      }),
      fuzzed(500),
    );
  });

  it('are cut between graphemes, and never made longer than asked', () => {
    const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, most) => {
        const cut = shortened(text, most);
        if ([...text].length <= most) {
          expect(cut).toBe(text);
          return;
        }
        expect(characterCount(cut)).toBeLessThanOrEqual(most);
        expect(cut.endsWith('…')).toBe(true);
        const kept = cut.slice(0, -1);
        expect(text.startsWith(kept)).toBe(true);
        const boundaries = [...graphemes.segment(text)].map(({ index }) => index);
        const first = boundaries[1] ?? text.length;
        // A grapheme that is longer than the limit is cut between its code points.
        if (characterCount(text.slice(0, first)) < most) expect(boundaries).toContain(kept.length);
        if (!/\p{Cs}/u.test(text)) expect(cut).not.toMatch(/\p{Cs}/u);
      }),
      fuzzed(500),
    );
  });

  it('cuts a family as a whole, and a text of combining marks somewhere', () => {
    expect(shortened(`ab${family}c`, 5)).toBe('ab…');
    expect(shortened(`ab${family}c`, 8)).toBe(`ab${family}c`);
    expect(characterCount(shortened(`a${'\u0301'.repeat(1_000_000)}`, 10))).toBe(10);
  });

  it('shows in quote marks what else could not be seen', () => {
    expect(quoted('\ufeff1')).toBe(String.raw`"\ufeff1"`);
    expect(quoted('a\nb\u202ec"\u001b[2J')).toBe(String.raw`"a\nb\u202ec\"\u001b[2J"`);
    expect(quoted('x'.repeat(50), 10)).toBe('"xxxxxxxxx…"');
  });
});
