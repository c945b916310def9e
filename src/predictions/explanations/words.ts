/** A word or a punctuation mark of a sentence: `sentence.slice(start, end)`. */
export interface Word {
  text: string;
  /** Index of its first UTF-16 code unit. */
  start: number;
  /** Index after its last UTF-16 code unit. */
  end: number;
}

/**
 * Splits a sentence into words as a linguist would. Punctuation marks, symbols and emoji are words of their
 * own; a repeated mark ("...", "--") is one word. Apostrophes ("don't") and hyphens ("mother-in-law") within
 * a word, numbers ("3.5", "10:30") and abbreviations ("e.g.") are not split. Each Chinese or Japanese
 * character is a word. White space is dropped, and so are the control and format characters that tokenizers
 * drop.
 * @param most maximum number of words to return.
 */
export function wordsOf(sentence: string, most = Infinity): Word[] {
  const segments = graphemes.segment(sentence);
  const words: Word[] = [];
  let start = matchEnd(gap, sentence, 0);
  while (start < sentence.length && words.length < most) {
    const end =
      matchEnd(lexical, sentence, start) ||
      matchEnd(repeatedMark, sentence, start) ||
      graphemeEnd(segments, start);
    words.push({ text: sentence.slice(start, end), start, end });
    start = matchEnd(gap, sentence, end) || end;
  }
  return words;
}

const gap = /[\s\p{Cc}\p{Cf}]+/uy;

const ideograph = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\p{M}*`;
/** Letters and digits with combining marks, soft hyphens, and the joiners of Persian and Indian scripts. */
const letters = String.raw`(?:(?!${ideograph})[\p{L}\p{N}_][\p{M}\u00AD\u200C\u200D]*)+`;
// Bounded, so that every text takes linear time.
const abbreviation = String.raw`(?:\p{L}\p{M}*\.){2,8}(?![\p{L}\p{N}])`;
const numberJoint = String.raw`(?<=\p{N})[.,:](?=\p{N})`;
const wordJoint = String.raw`['’ʼ‐‑-]`;
const lexical = new RegExp(
  `${abbreviation}|${ideograph}|${letters}(?:(?:${numberJoint}|${wordJoint})${letters})*`,
  'uy',
);

const repeatedMark = /(\p{P})\1+/uy;

/** End of the match that starts there; 0 if there is none. */
function matchEnd(expression: RegExp, text: string, start: number): number {
  expression.lastIndex = start;
  return expression.test(text) ? expression.lastIndex : 0;
}

/** What a reader sees as one character, such as an emoji of several code points. */
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function graphemeEnd(segments: Intl.Segments, start: number): number {
  const { index, segment } = segments.containing(start)!;
  return index + segment.length;
}

/**
 * The sentence without one of its words, as somebody would write it: one space stays where two would meet, none before the comma
 * that followed the word, and one where a mark stood alone between two words.
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
