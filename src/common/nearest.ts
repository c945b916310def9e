import { distance } from 'fastest-levenshtein';

/** The longest word that is compared: finding out takes time by the product of the lengths. */
const LONGEST = 100;

/** The candidate most like a word, if any is like enough to have been meant. */
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
