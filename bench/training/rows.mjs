import { VOCABULARY } from '../harness/random-model.mjs';

/** [CLS] and [SEP] of BERT's uncased vocabulary. */
const FIRST = 101;
const LAST = 102;

/** Number of different pieces in CoLA, and in the rows made here. */
export const PIECES = 6_000;

/**
 * Makes rows of one length without padding. Pieces are drawn evenly from {@link PIECES} of the vocabulary.
 * Labels are distributed as in CoLA (0.7 of them 1).
 * @param {number} count
 * @param {number} length tokens of each row, including the first and the last
 * @param {() => number} random uniform in [0, 1)
 */
export function fullRows(count, length, random) {
  const first = 1_000;
  const stride = Math.floor((VOCABULARY - first) / PIECES);
  return Array.from({ length: count }, () => ({
    tokenIds: [
      FIRST,
      ...Array.from({ length: length - 2 }, () => first + stride * Math.floor(random() * PIECES)),
      LAST,
    ],
    label: random() < 0.7 ? 1 : 0,
  }));
}
