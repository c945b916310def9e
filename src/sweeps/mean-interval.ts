import type { Interval } from '../bert/evaluation/evaluation.js';

const CONFIDENCE = 0.95;

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample (n − 1); null for fewer than two values. */
export function standardDeviationOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** The 95 % interval of a mean by Student's t distribution; null for fewer than two values. */
export function meanInterval(values: readonly number[]): Interval | null {
  const deviation = standardDeviationOf(values);
  if (deviation === null) return null;
  const mean = meanOf(values);
  const half = (studentT(values.length - 1) * deviation) / Math.sqrt(values.length);
  return { lower: mean - half, upper: mean + half };
}

/**
 * Between −t and t lie 95 % of Student's t distribution.
 * @param degrees of freedom, a whole number
 */
export function studentT(degrees: number): number {
  let [below, above] = [0, 16];
  // The most is 12.7, for one degree. Bisection ends at the last bit.
  for (;;) {
    const middle = (below + above) / 2;
    if (middle === below || middle === above) return middle;
    if (shareWithin(middle, degrees) < CONFIDENCE) below = middle;
    else above = middle;
  }
}

/** The probability of |T| < t: Abramowitz & Stegun, 26.7.3 and 26.7.4, which is exact for whole degrees of freedom. */
function shareWithin(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const square = Math.cos(angle) ** 2;
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let i = isOdd ? 3 : 2; i < degrees; i += 2) {
    term *= ((i - 1) / i) * square;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
