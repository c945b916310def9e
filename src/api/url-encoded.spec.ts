import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.js';
import { InvalidInputError } from '../common/errors.js';
import { urlEncodedFields } from './url-encoded.js';

const names = ['sentence', 'sentences', 'logits'];
const read = (body: string | Uint8Array) => urlEncodedFields(Buffer.from(body as Uint8Array), names);
const fields = (...pairs: [name: string, text: string][]) => pairs.map(([name, text]) => ({ name, text }));

describe('urlEncodedFields', () => {
  it.each([
    ['sentence=The+cat+sat.', fields(['sentence', 'The cat sat.'])],
    ['sentence=Na%C3%AFve%2B%26+caf%c3%a9', fields(['sentence', 'Naïve+& café'])],
    ['\r\nsentence=Voil%à\n', fields(['sentence', 'Voil%à'])],
    ['sentence=100%+sure,+50%%2525', fields(['sentence', '100% sure, 50%%25'])],
    ['s%65ntence=a=b', fields(['sentence', 'a=b'])],
    ['sentences=A&&sentences=B&logits=&', fields(['sentences', 'A'], ['sentences', 'B'], ['logits', ''])],
  ])('reads %s', (body, expected) => {
    expect(read(body)).toEqual(expected);
  });

  it.each([
    '',
    '&',
    'a=b',
    'sentence',
    '50% = half',
    'sentence=The cat & the dog',
    'sentence=A&x=1',
    '=x',
    'Sentence=A',
  ])('takes "%s" for no form of these fields', (body) => {
    expect(read(body)).toBeUndefined();
  });

  it('refuses what is not UTF-8, and says in which field', () => {
    for (const body of ['logits=1&sentence=caf%E9+', Buffer.from('sentence=caf\u00e9 ', 'latin1')]) {
      expect(() => read(body)).toThrow(InvalidInputError);
      expect(() => read(body)).toThrow('The field sentence is not text in UTF-8: byte 4 (0xe9)');
    }
  });

  it('reads what URLSearchParams writes, and reads it as URLSearchParams does', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...names), text), { minLength: 1 }), (pairs) => {
        expect(read(new URLSearchParams(pairs).toString())).toEqual(fields(...pairs));
      }),
      fuzzed(200),
    );
    // "é" itself is left out: Node decodes it wrongly after a literal "%".
    const piece = fc.constantFrom('sentence', 'x', '=', '&', '+', '%', '%4', '%41', '%2b', '%C3%A9', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const body = `sentence=${pieces.join('')}.`;
        const expected = [...new URLSearchParams(body)];
        const found = read(body);
        if (found) expect(found).toEqual(fields(...expected));
        else expect(/&[^=&]+(&|$)/.test(body) || expected.some(([name]) => !names.includes(name))).toBe(true);
      }),
      fuzzed(500),
    );
  });
});
