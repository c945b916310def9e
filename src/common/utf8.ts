import { isUtf8 } from 'node:buffer';
import { InvalidInputError, UnsupportedMediaTypeError, type InputProblem } from './errors.js';

const ADVICE = 'Send text in UTF-8: iconv -f windows-1252 -t utf-8 converts it, for example.';

/**
 * Decodes UTF-8 strictly, without a byte order mark. A lenient decoder would replace invalid bytes by U+FFFD,
 * and the original text would be lost silently.
 * @param what the bytes are, as the subject of a sentence
 * @param place of the bytes, for the list of problems
 * @throws InvalidInputError with the position of the first invalid byte
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

/** Returns the index of the first invalid byte, or the length if there is none. */
export function firstInvalidByte(bytes: Uint8Array): number {
  // Invalid bytes are decoded as U+FFFD, so the text encoded again differs at about the first invalid byte.
  const again = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), 'utf8');
  const differing = bytes.findIndex((byte, i) => byte !== again[i]);
  // A broken character may share its first bytes with U+FFFD. At the end of the input it may share all of
  // them.
  let at = differing === -1 ? bytes.length : differing;
  while (!isUtf8(bytes.subarray(0, at))) at--;
  return at;
}

/** @throws UnsupportedMediaTypeError if a content type names another charset than UTF-8 */
export function assertUtf8(contentType: string): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new UnsupportedMediaTypeError(
      `The charset ${charset} is not supported. Convert the body to UTF-8. Leave the charset out, or set it to utf-8.`,
    );
  }
}
