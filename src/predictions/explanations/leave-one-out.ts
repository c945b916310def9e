import type { Word } from './words.js';

/**
 * Removes a word from a sentence as a person would. Two spaces become one. No space stays before a comma that
 * followed the word. One space stays where a mark stood alone between two words.
 */
export function withoutWord(sentence: string, { text, start, end }: Word): string {
  const before = sentence.slice(0, start);
  const after = sentence.slice(end);
  if (before.trim() === '') return after.trimStart();
  if (after.trim() === '') return before.trimEnd();
  if (/\s$/.test(before) && /^\s/.test(after)) return before + after.trimStart();
  if (!/[\p{L}\p{N}]/u.test(text)) {
    const parted = /[\p{L}\p{N}]\p{M}*$/u.test(before) && /^[\p{L}\p{N}]/u.test(after);
    return parted ? `${before} ${after}` : before + after;
  }
  // "a (big red) cat" without "red", or without "big".
  if (/\s$/.test(before) && /^(?!\p{Ps}|\p{Pi})\p{P}/u.test(after)) return before.trimEnd() + after;
  if (/(^|\s)(\p{Ps}|\p{Pi}|["'])$/u.test(before) && /^\s/.test(after)) return before + after.trimStart();
  return before + after;
}
