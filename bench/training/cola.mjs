import { readColaRows } from '../harness/cola.mjs';

/** Longest sequence in tokens: what the article pads to, and the service's own bound. */
const MAX_LENGTH = 64;

/** Rows in which {@link packedPieces} lays pieces out. */
const PACKED_LENGTH = 64;

/**
 * CoLA's sentences as tokens, in the order of the file.
 * @param {string} path of a TSV file: source, label, mark, sentence; no header
 * @param {{encode(sentence: string, maxLength: number): {tokenIds: number[]}}} tokenizer
 * @returns {{tokenIds: number[], label: 0 | 1}[]}
 */
export function readCola(path, tokenizer) {
  return readColaRows(path).map(({ label, sentence }) => ({
    tokenIds: tokenizer.encode(sentence, MAX_LENGTH).tokenIds,
    label,
  }));
}

/**
 * The examples of every `stride`-th batch of an epoch, batches taken in order of length: as long and as padded as the whole.
 * Of the ways to begin it is the one whose sentences are nearest to the epoch's in their mean number of tokens.
 * @param {{tokenIds: number[]}[]} examples
 * @param {number[][]} batches an epoch, as indices of examples
 * @param {number} stride 1: all of them
 */
export function sampleOfEpoch(examples, batches, stride) {
  const tokens = (batch) => batch.reduce((sum, index) => sum + examples[index].tokenIds.length, 0);
  const meanTokens = (some) =>
    some.reduce((sum, batch) => sum + tokens(batch), 0) / some.reduce((sum, batch) => sum + batch.length, 0);
  const byLength = [...batches].sort((a, b) => tokens(a) / a.length - tokens(b) / b.length);
  const wanted = meanTokens(batches);
  let best = byLength;
  let bestError = Infinity;
  for (let first = 0; first < Math.min(stride, byLength.length); first++) {
    const some = byLength.filter((_, index) => index % stride === first);
    const error = Math.abs(meanTokens(some) - wanted);
    if (error < bestError) [best, bestError] = [some, error];
  }
  return best.flat().map((index) => examples[index]);
}

/** Every piece that occurs, once, in rows that stand for the whole set's vocabulary. */
export function packedPieces(examples) {
  const pieces = [...new Set(examples.flatMap(({ tokenIds }) => tokenIds))];
  const rows = [];
  for (let start = 0; start < pieces.length; start += PACKED_LENGTH) {
    rows.push({ tokenIds: pieces.slice(start, start + PACKED_LENGTH), label: 1 });
  }
  return rows;
}
