import type { FormField } from './form-values.js';
import { decodeUtf8 } from '../common/utf8.js';

/**
 * Reads the body of a form, `name=value&name=value`, as the URL standard does (a "%" that no two hexadecimal digits follow stands for
 * itself), but takes no bytes that are not UTF-8.
 * @param names that fields may have
 * @returns undefined where the body is no form of such fields alone
 * @throws InvalidInputError where a value is not UTF-8
 */
export function urlEncodedFields(body: Uint8Array, names: readonly string[]): FormField[] | undefined {
  // A byte a letter: trim() would take the last byte of "à" for a space.
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

/** @param text a byte a letter */
function decoded(text: string): Buffer {
  const letters = text
    .replaceAll('+', ' ')
    .replace(/%([\da-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(letters, 'latin1');
}
