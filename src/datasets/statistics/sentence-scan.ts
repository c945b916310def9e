/** What one pass over a sentence tells. */
export interface SentenceScan {
  /** 64-bit hash, as two unsigned halves. */
  high: number;
  low: number;
  /** Runs of anything but white space. */
  words: number;
  /** Unicode code points. */
  characters: number;
}

/** The hash is two rounds of multiplicative hashing with a final mix, as in MurmurHash3: well spread, not secret. */
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
    // The second half of a surrogate pair is no character of its own.
    if (code < 0xdc00 || code > 0xdfff) characters++;
    const space = code <= 0x20 || code === 0xa0;
    if (!space && !inWord) words++;
    inWord = !space;
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return { high: high >>> 0, low: low >>> 0, words, characters };
}
