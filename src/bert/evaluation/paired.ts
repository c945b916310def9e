import { matthewsCorrelation } from './evaluation.js';

/**
 * How two judgements of the same rows fall together: counts of rows, at index 4·label + 2·first + second, each 1 for acceptable and 0
 * for unacceptable.
 */
export type PairedCounts = readonly [number, number, number, number, number, number, number, number];

/**
 * @param labels 0 or 1 of each of n rows.
 * @param first whether the first judgement of a row is acceptable; `second` likewise.
 */
export function countPairs(
  labels: ArrayLike<number>,
  first: (row: number) => boolean,
  second: (row: number) => boolean,
): PairedCounts {
  const counts: [number, number, number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = 0; row < labels.length; row++) {
    counts[4 * Number(labels[row] === 1) + 2 * Number(first(row)) + Number(second(row))]!++;
  }
  return counts;
}

/** The MCC of the first and of the second judgement. */
export function pairedMccs([u00, u01, u10, u11, a00, a01, a10, a11]: PairedCounts): [number, number] {
  // u: unacceptable, a: acceptable; then whether judged acceptable first, and second.
  const mcc = (falsePositives: number, truePositives: number) =>
    matthewsCorrelation({
      truePositives,
      falsePositives,
      trueNegatives: u00 + u01 + u10 + u11 - falsePositives,
      falseNegatives: a00 + a01 + a10 + a11 - truePositives,
    });
  return [mcc(u10 + u11, a10 + a11), mcc(u01 + u11, a01 + a11)];
}

/** Rows by which of two judgements are as they are labelled. */
export interface Agreement {
  bothRight: number;
  onlyFirstRight: number;
  onlySecondRight: number;
  bothWrong: number;
}

export function agreementOf([u00, u01, u10, u11, a00, a01, a10, a11]: PairedCounts): Agreement {
  return {
    bothRight: u00 + a11,
    onlyFirstRight: u01 + a10,
    onlySecondRight: u10 + a01,
    bothWrong: u11 + a00,
  };
}

/**
 * McNemar's exact test (1947), two-sided: how probable it is that the rows on which one judgement alone is right split at least as
 * unevenly as they do, if each were as likely to fall to the first as to the second.
 */
export function mcNemarPValue({
  onlyFirstRight,
  onlySecondRight,
}: Pick<Agreement, 'onlyFirstRight' | 'onlySecondRight'>): number {
  const rows = onlyFirstRight + onlySecondRight;
  const fewer = Math.min(onlyFirstRight, onlySecondRight);
  // Binomial coefficients of `rows` as multiples of the middle one, from the middle down: neither powers nor factorials, so nothing
  // overflows, and digits stay. They soon underflow to 0, after some 20·√rows of them.
  const middle = Math.floor(rows / 2);
  let lowerHalf = 0;
  let tail = 0;
  for (let k = middle, weight = 1; k >= 0 && weight > 0; k--) {
    lowerHalf += weight;
    if (k <= fewer) tail += weight;
    weight *= k / (rows - k + 1);
  }
  const all = rows % 2 === 0 ? 2 * lowerHalf - 1 : 2 * lowerHalf;
  return Math.min(1, (2 * tail) / all);
}
