import { shuffle, statelessPhilox } from '../random.js';

/**
 * Assigns rows to folds. The folds are stratified: their sizes differ by at most one row, for each label and
 * in total. The same labels, count and seed always give the same folds.
 * @param labels 0 or 1 for each row.
 * @param count number of folds. With fewer rows, each row is a fold.
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
    // Each label has its own random stream, separate from those of the hold-out and the bootstrap.
    for (const row of shuffle(rows, statelessPhilox(seed, -3 - label))) folds[row] = dealt++ % count;
  }
  return folds;
}

/**
 * Fits once per fold on the rows of all other folds. So no row is judged by a fit that has seen it.
 * @param folds of each row.
 * @param fit gets row numbers in ascending order; none if there is only one fold.
 * @returns for each row, the fit without its fold.
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
