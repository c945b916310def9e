import { shuffle, statelessPhilox } from '../random.js';

/**
 * Deals rows out to folds. Stratified: every fold has as many rows of a label as the others, give or take one, and so has all in
 * all. The same labels, count and seed always give the same folds.
 * @param labels 0 or 1 of each row.
 * @param count how many folds; where there are fewer rows, each is a fold by itself.
 * @param seed an int32.
 * @returns the fold of each row, from 0.
 */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  { count = 5, seed }: { count?: number; seed: number },
): Int32Array {
  const folds = new Int32Array(labels.length);
  let dealt = 0;
  for (const label of [0, 1]) {
    const rows: number[] = [];
    for (let row = 0; row < labels.length; row++) if (labels[row] === label) rows.push(row);
    // A stream of its own for each label, and none that the hold-out or the bootstrap draws from.
    for (const row of shuffle(rows, statelessPhilox(seed, -3 - label))) folds[row] = dealt++ % count;
  }
  return folds;
}

/**
 * Fits on the rows of all other folds what a row is judged with, so that no row is judged with what was fitted on it.
 * @param folds of each row.
 * @param fit is given rows, ascending; none if there is only one fold.
 * @returns for each row what was fitted without its fold.
 */
export function crossFit<Fitted>(
  folds: ArrayLike<number>,
  fit: (rows: readonly number[]) => Fitted,
): Fitted[] {
  const all = Array.from(folds, (_, row) => row);
  const fitted = new Map<number, Fitted>();
  for (const fold of new Set(Array.from(folds))) {
    fitted.set(fold, fit(all.filter((row) => folds[row] !== fold)));
  }
  return all.map((row) => fitted.get(folds[row]!)!);
}
