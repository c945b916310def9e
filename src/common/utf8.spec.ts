import { describe, expect, it } from 'vitest';
import { InvalidInputError, UnsupportedMediaTypeError } from './errors.js';
import { assertUtf8, decodeUtf8, firstInvalidByte } from './utf8.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('decodeUtf8', () => {
  it('decodes what is UTF-8, without a byte order mark', () => {
    expect(decodeUtf8(Buffer.from('\uFEFFThe café 😀 \uFFFD'))).toBe('The café 😀 \uFFFD');
    expect(decodeUtf8(Buffer.of())).toBe('');
  });

  it('says at which byte anything else stops being UTF-8', () => {
    const decode = () => decodeUtf8(latin1('The café sat.'), 'The field name', { path: ['name'] });
    expect(decode).toThrow(InvalidInputError);
    expect(decode).toThrow('The field name is not text in UTF-8: byte 8 (0xe9) is not UTF-8');
    expect(decode).toThrow(
      expect.objectContaining({
        errors: [{ path: ['name'], message: expect.stringContaining('byte 8 (0xe9)') as string }],
      }) as Error,
    );
  });
});

describe('firstInvalidByte', () => {
  it.each([
    [latin1('é'), 0],
    [latin1('caf\u00ef\u00bf'), 3],
    [Buffer.from([0x61, 0xef, 0xbf]), 1],
    [Buffer.from('\uFEFFa\uFFFD'), 7],
    [Buffer.concat([Buffer.from('\uFEFFé'), latin1('é')]), 5],
    [Buffer.from([0xed, 0xa0, 0x80]), 0],
  ])('of %j is %i', (bytes, at) => {
    expect(firstInvalidByte(bytes)).toBe(at);
  });
});

describe('assertUtf8', () => {
  it('takes UTF-8 and what is part of it', () => {
    for (const type of [
      'text/plain',
      'text/plain; charset=UTF-8',
      'text/plain;charset="utf8"',
      'a/b; charset=us-ascii',
    ])
      expect(() => assertUtf8(type)).not.toThrow();
  });

  it('refuses another charset', () => {
    for (const type of [
      'application/json; charset=iso-8859-1',
      'text/plain; format=flowed; charset="windows-1252"',
    ])
      expect(() => assertUtf8(type)).toThrow(UnsupportedMediaTypeError);
  });
});
