import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.js';
import { InvalidInputError, MalformedRequestError } from './errors.js';
import { DEEPEST, MOST_VALUES, parseJson } from './json.js';

function errorOf(text: string): Error {
  try {
    parseJson(text);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${text} was taken`);
}

describe('parseJson', () => {
  it.each([
    ['{"sentence": ', 'line 1, column 14: expected a value (text needs double quotes), found the end.'],
    ['', 'line 1, column 1: expected a value (text needs double quotes), found the end.'],
    ['{"a": 1,}', 'line 1, column 9: expected a name in double quotes, found "}".'],
    ['{"a": 1\n "b": 2}', 'line 2, column 2: expected a comma or }, found "\\"".'],
    ["{'a': 1}", 'line 1, column 2: expected a name in double quotes, found "\'".'],
    ['{"a" 1}', 'line 1, column 6: expected a colon, found "1".'],
    ['[1, 2', 'line 1, column 6: expected a comma or ], found the end.'],
    ['{"a": We go.}', 'line 1, column 7: expected a value (text needs double quotes), found "W".'],
    [
      '{"a": "We\ngo."}',
      'line 1, column 10: expected an escape such as \\n, not a control character, found "\\n".',
    ],
    [
      '{"a": "\\x"}',
      'line 1, column 8: expected an escape that JSON knows, such as \\\\ or \\n, found "\\\\".',
    ],
    ['{"a": "We go.}', 'line 1, column 15: expected the double quote that ends the text, found the end.'],
    ['{} 😀', 'line 1, column 4: expected the end, found "😀".'],
  ])('says where %j stops being JSON', (text, message) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(MalformedRequestError);
    expect(error.message).toContain(message);
  });

  it('takes what JSON.parse takes, and nothing else', () => {
    const pieces = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '\\',
        '\\u00e9',
        '\n',
        ' ',
        '1',
        '-',
        '0',
        '.5',
        'e',
        '+3',
        'true',
        'null',
        'x',
        '\u0001',
        '\uFEFF',
      ],
    );
    const broken = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.nat(3), fc.array(pieces, { maxLength: 3 }))
      .map(([json, at, gone, put]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + put.join('') + json.slice(place + gone);
      });
    const texts = fc.oneof(
      fc.json(),
      broken,
      fc.array(pieces, { maxLength: 12 }).map((found) => found.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let expected: { value: unknown } | undefined;
        try {
          expected = { value: JSON.parse(text) };
        } catch {
          expected = undefined;
        }
        if (expected) expect(parseJson(text)).toEqual(expected.value);
        else expect(errorOf(text)).toBeInstanceOf(MalformedRequestError);
      }),
      fuzzed(1000),
    );
  });

  it('refuses more values and levels than any body has, before it builds them', () => {
    const list = (count: number) => `[${Array<string>(count).fill('{}').join()}]`;
    expect(parseJson(list(MOST_VALUES - 1))).toHaveLength(MOST_VALUES - 1);
    expect(errorOf(list(MOST_VALUES))).toBeInstanceOf(InvalidInputError);
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJson(deep(DEEPEST))).toEqual(JSON.parse(deep(DEEPEST)));
    expect(errorOf(deep(DEEPEST + 1)).message).toContain('32 levels deep');
    // It stops before the end of such a body.
    expect(errorOf('['.repeat(1_000_000))).toBeInstanceOf(InvalidInputError);
  });
});
