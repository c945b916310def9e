import { describe, expect, it } from 'vitest';
import { folded, isQuotedAsCsv, oddities } from './odd-text.js';

describe('oddities', () => {
  it.each([
    ['a zero-width space', 'The\u200b cat sat.', ['invisible-characters']],
    ['a soft hyphen', 'The cat\u00ad sat.', ['invisible-characters']],
    ['a direction mark', 'The \u202ecat sat.', ['invisible-characters']],
    ['a backspace', 'The \bcat sat.', ['invisible-characters']],
    ['a byte-order mark', '\ufeffThe cat sat.', ['byte-order-marks']],
    ['a lost character', 'The caf\ufffd closed.', ['damaged-characters']],
    ['UTF-8 read as Windows-1252', 'I donâ€™t know.', ['damaged-characters']],
    ['a named entity', 'Salt &amp; pepper came.', ['html-entities']],
    ['an entity by number', 'I don&#39;t know, &#x201c;Ann&#x201d; said.', ['html-entities']],
  ])('finds %s', (_name, text, kinds) => {
    expect(oddities(text)).toEqual(kinds);
  });

  it.each([
    ['plain text', 'The cat sat on the mat.'],
    ['accents', 'Naïve Zoë ate crème brûlée in São Paulo.'],
    ['typographic marks', '“Don’t” — he said … 50 € and £3.'],
    ['an emoji of several characters', 'The 👩‍👩‍👧 and the 🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag ❤️.'],
    ['ampersands', 'R&D at AT&T; was Q&A.'],
    ['combining accents', 'The cafe\u0301 closed.'],
    ['other scripts', 'Ο Γιάννης means John; ñandú.'],
  ])('finds nothing in %s', (_name, text) => {
    expect(oddities(text)).toEqual([]);
  });
});

describe('isQuotedAsCsv', () => {
  it.each([
    ['"He said ""go""."', true],
    ['"""Go"", he said."', true],
    ['"Go," he said.', false],
    ['"Go home."', false],
    ['"No" and "yes"', false],
    ['"She said "no" and ""yes""', false],
    ['He said ""go"".', false],
    ['""', false],
    ['"', false],
  ])('%s', (text, is) => {
    expect(isQuotedAsCsv(text)).toBe(is);
  });
});

describe('folded', () => {
  it.each([
    ['case', 'THE cat sat.', 'The Cat sat.'],
    ['the form of accents', 'The cafe\u0301 closed.', 'The caf\u00e9 closed.'],
    ['white space', ' The  cat\u00a0sat. ', 'The cat sat.'],
    ['invisible characters', '\ufeffThe\u200b c\u00adat sat.', 'The cat sat.'],
  ])('is the same whatever %s', (_name, one, other) => {
    expect(folded(one)).toBe(folded(other));
  });

  it('keeps what differs apart', () => {
    const texts = [
      'The cat sat.',
      'The cat sat',
      'The cats at.',
      'Thecat sat.',
      'The cát sat.',
      'The cat — sat.',
    ];
    expect(new Set(texts.map(folded)).size).toBe(texts.length);
  });
});
