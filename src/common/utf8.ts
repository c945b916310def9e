import { isUtf8 } from 'node:buffer';
import { InvalidInputError, UnsupportedMediaTypeError, type InputProblem } from './errors.js';

const ADVICE = 'Send text in UTF-8: iconv -f windows-1252 -t utf-8 converts it, for example.';

/**
 * The text that bytes are in UTF-8, without a byte order mark. Bytes that are none are refused: a lenient decoder would put U+FFFD in
 * their place, and what was meant would be lost without a word.
 * @param what the bytes are, as the subject of a sentence
 * @param place where they stand, for the list of problems
 * @throws InvalidInputError which says at which byte they stop being UTF-8
 */
export function decodeUtf8(
  bytes: Uint8Array,
  what = 'The body',
  place: Omit<InputProblem, 'message'> = {},
): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const at = firstInvalidByte(bytes);
  const hex = bytes[at]!.toString(16).padStart(2, '0');
  const message = `byte ${at + 1} (0x${hex}) is not UTF-8. ${ADVICE}`;
  throw new InvalidInputError(`${what} is not text in UTF-8: ${message}`, [{ ...place, message }]);
}

/** Where bytes stop being UTF-8, as an index; their length if they are whole. */
export function firstInvalidByte(bytes: Uint8Array): number {
  // What is none is decoded as U+FFFD, so encoding it again differs from about there on.
  const again = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), 'utf8');
  const differing = bytes.findIndex((byte, i) => byte !== again[i]);
  // A broken character may share its first bytes with U+FFFD, or all of them where the bytes end in it.
  let at = differing === -1 ? bytes.length : differing;
  while (!isUtf8(bytes.subarray(0, at))) at--;
  return at;
}

/** @throws UnsupportedMediaTypeError if a content type names another charset than UTF-8 */
export function assertUtf8(contentType: string): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new UnsupportedMediaTypeError(
      `The charset ${charset} is not understood. Convert the body to UTF-8, and leave the charset out or say utf-8.`,
    );
  }
}
