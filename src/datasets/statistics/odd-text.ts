import type { DatasetWarningKind } from '../dataset.js';

/*
 * Finds things in a sentence that its writer probably did not intend. Nearly all sentences are plain ASCII,
 * so a cheap check comes first.
 */

/** @returns the kinds of oddities of a single text */
export function oddities(text: string): DatasetWarningKind[] {
  const kinds: DatasetWarningKind[] = [];
  if (entity.test(text)) kinds.push('html-entities');
  if (!unusual.test(text)) return kinds;
  if (text.includes('\uFEFF')) kinds.push('byte-order-marks');
  if (damaged.test(text)) kinds.push('damaged-characters');
  if (invisible.test(text) && invisible.test(text.replace(emoji, ''))) kinds.push('invisible-characters');
  return kinds;
}

/**
 * Whether a text is quoted like a CSV field that holds quote marks: it stands in quote marks, and those
 * inside are doubled. A plain quotation has no doubled quote marks.
 */
export function isQuotedAsCsv(text: string): boolean {
  if (!isInQuotes(text) || !text.includes('""')) return false;
  const inner = text.slice(1, -1);
  return inner.includes('""') && !inner.replaceAll('""', '').includes('"');
}

export function isInQuotes(text: string): boolean {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"');
}

/**
 * Returns a form that is equal for texts that differ only in case, composition of accents (NFC), invisible
 * characters and amount of white space.
 */
export function folded(text: string): string {
  if (!needsFolding.test(text)) return text.toLowerCase();
  const plain = text.normalize('NFC').replace(invisibleOrBom, '');
  return plain.replace(/\s+/gu, ' ').trim().toLowerCase();
}

const entity = /&(?:[a-z]{2,8}\d{0,2}|#\d{2,7}|#x[\da-f]{2,6});/i;
/** Anything but printable ASCII. */
const unusual = /[^ -~]/;
/** White space other than single blanks between words, or anything but ASCII. */
const needsFolding = /[^ -~]| {2}|^ | $/;
/** U+FFFD stands for a lost character; the others are UTF-8 that was once read as Windows-1252. */
const damaged = /\uFFFD|â€|Ã[\u0080-\u00bf]|Â[\u00a0-\u00bf]/;
/** Zero-width and direction characters, soft hyphens and control characters. A BOM is a separate kind. */
const invisible = /(?!\uFEFF)[\p{Cf}\p{Cc}]/u;
const invisibleOrBom = /(?!\s)[\p{Cf}\p{Cc}]|\uFEFF/gu;
/** Emoji join their parts with a zero-width character. */
const emoji = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv');
