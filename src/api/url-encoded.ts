import type { FormField } from './form-values.js';
import { decodeUtf8 } from '../common/utf8.js';

/**
 * Parses a form body, `name=value&name=value`, as the URL standard does: a "%" without two hexadecimal digits
 * after it is a literal "%". Unlike the standard, it rejects bytes that are not UTF-8.
 * @param names that fields may have
 * @returns undefined if the body is not a form, or has other fields
 * @throws InvalidInputError if a value is not UTF-8
 */
export function urlEncodedFields(body: Uint8Array, names: readonly string[]): FormField[] | undefined {
  // Decode as latin1, one character per byte. With trim(), the last byte of "à" would count as a space.
  const pieces = Buffer.from(body)
    .toString('latin1')
    .replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
    .split('&')
    .filter(Boolean);
  const fields: [name: string, value: string][] = [];
  for (const piece of pieces) {
    const at = piece.indexOf('=');
    const name = at < 0 ? undefined : decoded(piece.slice(0, at)).toString();
    if (name === undefined || !names.includes(name)) return undefined;
    fields.push([name, piece.slice(at + 1)]);
  }
  if (fields.length === 0) return undefined;
  return fields.map(([name, value]) => ({
    name,
    text: decodeUtf8(decoded(value), `The field ${name}`, { path: [name] }),
  }));
}

/** @param text one character per byte */
function decoded(text: string): Buffer {
  const letters = text
    .replaceAll('+', ' ')
    .replace(/%([\da-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(letters, 'latin1');
}
