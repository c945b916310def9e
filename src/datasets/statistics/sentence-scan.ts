/** Result of one pass over a sentence. */
export interface SentenceScan {
  /** 64-bit hash as two unsigned halves. */
  high: number;
  low: number;
  /** Number of runs without white space, as Unicode defines it. Control characters count as white space. */
  words: number;
  /** Number of Unicode code points (see common/text.ts). */
  characters: number;
}

/**
 * Scans a sentence. The hash is multiplicative, in two rounds with a final mix as in MurmurHash3: well
 * spread, but not secret.
 */
export function scanSentence(sentence: string): SentenceScan {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  let words = 0;
  let characters = 0;
  let inWord = false;
  for (let i = 0; i < sentence.length; i++) {
    const code = sentence.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
    // The second half of a surrogate pair is not a character. Rows have no lone halves.
    if (code < 0xdc00 || code > 0xdfff) characters++;
    const space = code <= 0x20 || (code >= 0x7f && isWideSpace(code));
    if (!space && !inWord) words++;
    inWord = !space;
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return { high: high >>> 0, low: low >>> 0, words, characters };
}

/** White space beyond ASCII. */
function isWideSpace(code: number): boolean {
  return (
    code === 0xa0 ||
    code === 0x85 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    (code >= 0x2028 && code <= 0x2029) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
