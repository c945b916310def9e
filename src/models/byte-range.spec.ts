import { describe, expect, it } from 'vitest';
import { RangeNotSatisfiableError } from '../common/errors.js';
import { parseRange } from './byte-range.js';

const etag = '"abc"';
const parse = (range: string | undefined, ifRange?: string, size = 100) =>
  parseRange(range, { ifRange, etag, size });

describe('Range', () => {
  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=10-', 10, 100],
    ['bytes=99-', 99, 100],
    ['bytes=90-1000', 90, 100],
    ['bytes=-1', 99, 100],
    ['bytes=-1000', 0, 100],
    ['Bytes= 5-6 ', 5, 7],
  ])('%s is a part', (range, start, end) => {
    expect(parse(range)).toEqual({ start, end });
    expect(parse(range, etag)).toEqual({ start, end });
  });

  it.each([
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=a-b',
    'lines=1-2',
    'bytes=0-1,5-6',
    'bytes 0-1',
  ])('%j is ignored', (range) => expect(parse(range)).toBeNull());

  it.each(['"abd"', 'W/"abc"', 'abc', 'Thu, 26 Nov 2026 09:00:00 GMT'])(
    'is ignored where If-Range is %s: the client has parts of another file',
    (ifRange) => expect(parse('bytes=10-', ifRange)).toBeNull(),
  );

  it.each([
    ['bytes=100-', 100],
    ['bytes=100-200', 100],
    ['bytes=-0', 100],
    ['bytes=0-', 0],
    ['bytes=99999999999999999999-', 100],
  ])('%s of a file of %i bytes cannot be had', (range, size) => {
    expect(() => parse(range as string, undefined, size as number)).toThrow(RangeNotSatisfiableError);
  });
});
