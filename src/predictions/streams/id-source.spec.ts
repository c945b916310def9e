import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { idSource } from './id-source.js';

describe('idSource', () => {
  it.each([
    ['{"id":9007199254740993}', '9007199254740993'],
    ['{"id":1e400,"sentence":"A cat."}', '1e400'],
    [' { "sentence" : "A \\"id\\": 3 cat." , "id" : -1.50E+2 } ', '-1.50E+2'],
    ['{"id":"\\u0041 \\"\\\\"}', '"\\u0041 \\"\\\\"'],
    ['{"\\u0069d":7}', '7'],
    ['{"id":1,"id":2}', '2'],
    ['{"a":{"id":3,"b":[{"id":"]}"}]},"c":[],"id":4}', '4'],
    ['{"a":{"id":3},"d":"id","c":true}', undefined],
    ['{"id":[1, {"id": 2}], "x": null}', '[1, {"id": 2}]'],
    ['{"ID":1}', undefined],
    ['{}', undefined],
  ])('of %s is %s', (json, source) => {
    expect(idSource(json)).toBe(source);
  });

  it('is JSON of the very id, in the letters that came, whatever stands around it', () => {
    const name = fc.oneof(fc.constant('id'), fc.constantFrom('sentence', 'ID', '"id"', 'i\\d'), fc.string());
    const blank = fc.constantFrom('', ' ', '\t', '\r\n ');
    const member = fc.tuple(name, fc.jsonValue(), blank, blank, fc.nat(6));
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), (members) => {
        const written = members.map(([key, value, before, after, indent]) => ({
          key,
          source: JSON.stringify(value, null, indent),
          before,
          after,
        }));
        const json = `{${written
          .map(
            ({ key, source, before, after }) =>
              `${before}${JSON.stringify(key)}${after}:${before}${source}${after}`,
          )
          .join(',')}}`;
        expect(() => JSON.parse(json) as unknown).not.toThrow();
        expect(idSource(json)).toBe(written.findLast(({ key }) => key === 'id')?.source);
      }),
      fuzzed(500),
    );
  });

  it('takes time that grows with the line, however it is nested or escaped', () => {
    const sources = [
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      `"${'\\"'.repeat(30_000)}"`,
      '9'.repeat(60_000),
    ];
    for (const source of sources) expect(idSource(`{"x":${source},"id":${source}}`)).toBe(source);
  });
});
