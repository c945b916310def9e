import type { Interval } from './evaluation.js';

/**
 * A value that was fitted on validation rows, and whether it is used. It is used only if the cross-fitted
 * figure improves beyond its error: see {@link isGain}. Older versions lack these fields. They use what they
 * fitted.
 */
export interface Fit {
  /** Fitted on all validation rows. */
  fitted: number;
  /** Whether the fitted value is used when serving. */
  used: boolean;
  /** The reason, for people to read. */
  reason: string;
}

/**
 * The one criterion for using a fitted value. Each row is judged without the fit (before) and with a fit that
 * excludes the row's fold (after). The lower end of the 95 % interval of the paired difference must be above
 * 0. For a temperature, that is the t interval of the mean loss, before − after (see {@link meanInterval}).
 * For a threshold, it is the bootstrap interval of the MCC, after − before.
 */
export function isGain({ lower }: Interval): boolean {
  return lower > 0;
}

/** The figure that applies when serving: the cross-fitted one if the fitted value is used. */
export function servedFigure<Figure>({
  used = true,
  before,
  after,
}: Partial<Fit> & { before: Figure; after: Figure }): Figure {
  return used ? after : before;
}

/**
 * The 95 % interval of a mean by Student's t. Fewer than two values have no error, so the interval is
 * infinite.
 */
export function meanInterval(values: Float64Array): Interval {
  const degrees = values.length - 1;
  if (degrees < 1) return { lower: -Infinity, upper: Infinity };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const margin = studentQuantile(degrees) * Math.sqrt(squares / degrees / values.length);
  return { lower: mean - margin, upper: mean + margin };
}

/**
 * The 0.975 quantile of Student's t, by its expansion around the normal one (Abramowitz & Stegun 26.7.5). It
 * is within 1 % from two degrees of freedom on. With one (two rows) it is 11.3 instead of 12.7.
 */
function studentQuantile(degrees: number): number {
  return [2.372271, 2.822499, 2.555855, 1.589535].reduce(
    (sum, coefficient, i) => sum + coefficient / degrees ** (i + 1),
    1.959964,
  );
}

/** Describes how figures changed on rows that the fit had not seen, with the interval of the gain. */
export function describeGain(
  name: string,
  rows: number,
  { before, after, gain }: { before: number; after: number; gain: Interval },
): string {
  const change = `${name} ${before.toFixed(4)} → ${after.toFixed(4)} on ${rows} validation rows that it was not fitted on`;
  if (!Number.isFinite(gain.lower)) return `${change}, too few to tell an error`;
  return `${change}, a gain between ${gain.lower.toFixed(4)} and ${gain.upper.toFixed(4)} (95 %)`;
}
