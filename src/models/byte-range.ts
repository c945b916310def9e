import { RangeNotSatisfiableError } from '../common/errors.js';

/** Bytes from `start` up to, but excluding, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The requested part of a file (RFC 9110, 14). A server may ignore ranges that it does not understand, and
 * several ranges at once.
 * @param range the header `Range`
 * @param ifRange the header `If-Range`: the range only applies if the client's other parts are from the same
 * file
 * @param etag of the file, a strong one
 * @returns null if the whole file is to be sent
 * @throws RangeNotSatisfiableError if the file has no such bytes
 */
export function parseRange(
  range: string | undefined,
  { ifRange, etag, size }: { ifRange: string | undefined; etag: string; size: number },
): ByteRange | null {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(range ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (ifRange !== undefined && ifRange.trim() !== etag) return null;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;

  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start < end) return { start, end };
  throw new RangeNotSatisfiableError(
    `The file has ${size} bytes, so there is nothing in "${range}". Ask for a part before its end, or leave Range out.`,
  );
}
