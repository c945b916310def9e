import { describe, expect, it } from 'vitest';
import { shortened } from './shortened.js';

describe('shortened', () => {
  it.each([
    ['short', 5, 'short'],
    ['shorter', 5, 'short…'],
    ['ab😀c', 3, 'ab…'],
    ['ab😀c', 4, 'ab😀…'],
    ['e\u0301e\u0301', 3, 'e\u0301…'],
    // A family and a skin tone are one character each.
    ['a👩‍👩‍👧b', 5, 'a…'],
    ['👍🏽', 2, '…'],
  ])('cuts %j at %i, between characters', (text, most, short) => {
    expect(shortened(text, most)).toBe(short);
  });

  it('looks at no more of a text than it keeps', () => {
    expect(shortened('\u0301'.repeat(10_000_000), 100)).toBe('…');
  });
});
