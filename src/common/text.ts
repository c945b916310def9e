/*
 * A character is a Unicode code point wherever characters are counted: limits, statistics, names. A text is cut between graphemes,
 * which is what a reader takes for one character (an emoji, a letter with its accents).
 */

/** How many characters a text has. */
export function characterCount(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (!isSecondHalf(text, i)) count++;
  return count;
}

/** Whether a text has more characters than that; looks no further than it must. */
export function isLongerThan(text: string, most: number): boolean {
  if (text.length <= most) return false;
  return text.length > 2 * most || characterCount(text) > most;
}

/** The text in at most so many characters; where something had to go, an ellipsis stands for it. */
export function shortened(text: string, most: number): string {
  if (!isLongerThan(text, most)) return text;
  let room = most - 1;
  let end = 0;
  // No further than could be kept: a grapheme can be as long as a text.
  for (const { segment } of graphemes.segment(text.slice(0, 2 * most + 1))) {
    room -= characterCount(segment);
    if (room < 0) break;
    end += segment.length;
  }
  if (end === 0) end = codePointsEnd(text, most - 1);
  return `${text.slice(0, end)}…`;
}

/** The text in quote marks for a message: short, on one line, and with nothing in it that cannot be seen. */
export function quoted(text: string, most = 40): string {
  return JSON.stringify(shortened(text, most)).replace(unseen, escaped);
}

/** Control and format characters (BOM, zero-width, soft hyphen, directions), line ends of Unicode, halves of a surrogate pair. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Index after the first so many code points. */
function codePointsEnd(text: string, count: number): number {
  let end = 0;
  for (let i = 0; i < count; i++) end += isSecondHalf(text, end + 1) ? 2 : 1;
  return end;
}

/** Whether the unit at that place belongs to the character of the unit before it. */
function isSecondHalf(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0xdc00 || code > 0xdfff || at === 0) return false;
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff;
}
