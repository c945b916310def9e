/*
 * A character is a Unicode code point wherever characters are counted: in limits, statistics and names. A
 * text is cut between graphemes. A grapheme is what a reader sees as one character, such as an emoji or a
 * letter with its accents.
 */

/** Number of characters of a text. */
export function characterCount(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (!isSecondHalf(text, i)) count++;
  return count;
}

/** Whether a text has more characters than that. It reads no further than necessary. */
export function isLongerThan(text: string, most: number): boolean {
  if (text.length <= most) return false;
  return text.length > 2 * most || characterCount(text) > most;
}

/** Shortens a text to a maximum number of characters. An ellipsis marks what was cut. */
export function shortened(text: string, most: number): string {
  if (!isLongerThan(text, most)) return text;
  let room = most - 1;
  let end = 0;
  // Look no further than the limit: a single grapheme can be as long as the text.
  for (const { segment } of graphemes.segment(text.slice(0, 2 * most + 1))) {
    room -= characterCount(segment);
    if (room < 0) break;
    end += segment.length;
  }
  if (end === 0) end = codePointsEnd(text, most - 1);
  return `${text.slice(0, end)}…`;
}

/** Puts a text in quote marks for a message. The result is short, has one line and no invisible characters. */
export function quoted(text: string, most = 40): string {
  return JSON.stringify(shortened(text, most)).replace(unseen, escaped);
}

/** Control and format characters (BOM, zero-width, soft hyphen, directions), Unicode line ends, lone surrogates. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Returns the index after the first `count` code points. */
function codePointsEnd(text: string, count: number): number {
  let end = 0;
  for (let i = 0; i < count; i++) end += isSecondHalf(text, end + 1) ? 2 : 1;
  return end;
}

/** Whether the unit at this index is the second half of a surrogate pair. */
function isSecondHalf(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0xdc00 || code > 0xdfff || at === 0) return false;
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff;
}
