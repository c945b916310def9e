import { readColaRows } from '../harness/cola.mjs';

/** The maximum length in tokens. The article pads to it, and it is the service's default. */
const MAX_LENGTH = 64;

/** Length of the rows of {@link packedPieces}, in tokens. */
const PACKED_LENGTH = 64;

/**
 * Reads CoLA's sentences as tokens, in the order of the file.
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
 * Selects the examples of every `stride`-th batch of an epoch, with batches in order of length. The sample
 * has the lengths and the padding of the whole. Of the possible offsets, it takes the one with the mean
 * number of tokens nearest to the epoch's.
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

/** Returns rows that contain every occurring piece once. They stand for the vocabulary of the whole set. */
export function packedPieces(examples) {
  const pieces = [...new Set(examples.flatMap(({ tokenIds }) => tokenIds))];
  const rows = [];
  for (let start = 0; start < pieces.length; start += PACKED_LENGTH) {
    rows.push({ tokenIds: pieces.slice(start, start + PACKED_LENGTH), label: 1 });
  }
  return rows;
}
