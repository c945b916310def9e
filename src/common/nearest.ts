import { distance } from 'fastest-levenshtein';

/** The maximum length of a word that is compared: the time grows with the product of the lengths. */
const LONGEST = 100;

/** Returns the candidate that is most similar to a word, if it is similar enough. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const changes = distance(word.toLowerCase(), candidate.toLowerCase());
    if (changes < bestDistance) [best, bestDistance] = [candidate, changes];
  }
  return best;
}
