import { shuffle, statelessPhilox } from '../bert/random.js';

/** Indexes of rows, each list ascending. */
export interface Holdout {
  training: number[];
  validation: number[];
}

/** How many rows of a label are held out. */
export function heldOutOf(rows: number, fraction: number): number {
  return Math.max(0, Math.min(rows - 1, Math.max(1, Math.round(rows * fraction))));
}

/**
 * Splits rows into those to train on and those to validate on. Stratified: each label gives the same share, rounded, but
 * at least one row and never its last one. The same labels, fraction and seed always give the same split.
 *
 * @param labels 0 or 1 of every row
 * @param fraction share of the rows held out, between 0 and 1
 */
export function holdOut(labels: ArrayLike<number>, fraction: number, seed: number): Holdout {
  const heldOut = new Uint8Array(labels.length);
  for (const label of [0, 1]) {
    const rows: number[] = [];
    for (let row = 0; row < labels.length; row++) if (labels[row] === label) rows.push(row);
    const count = heldOutOf(rows.length, fraction);
    // A stream of its own for each label.
    for (const row of shuffle(rows, statelessPhilox(seed, -1 - label)).slice(0, count)) heldOut[row] = 1;
  }
  const split: Holdout = { training: [], validation: [] };
  heldOut.forEach((held, row) => (held ? split.validation : split.training).push(row));
  return split;
}
