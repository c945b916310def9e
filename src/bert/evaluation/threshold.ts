import { bootstrapMccGain } from './bootstrap.js';
import { crossFit } from './cross-fitting.js';
import { describeGain, isGain, type Fit } from './gain.js';
import { confusionMatrixOf, matthewsCorrelation, type ConfusionMatrix } from './evaluation.js';
import { countPairs } from './paired.js';

/** A sentence is acceptable if its score is above the threshold. */
export interface TunedThreshold extends Partial<Fit> {
  /**
   * The threshold that `tuned` uses: the fitted one if it is used, otherwise {@link defaultThreshold}. The
   * fitted one has the highest MCC on all rows.
   */
  threshold: number;
  /** Judged by {@link defaultThreshold}. */
  before: ThresholdQuality;
  /**
   * Each row is judged by a threshold that was fitted without the row's fold. This estimates the effect on
   * new sentences.
   */
  after: ThresholdQuality;
}

export interface ThresholdQuality {
  mcc: number;
  confusionMatrix: ConfusionMatrix;
}

/** At 0.5 the larger logit decides. */
export const defaultThreshold = 0.5;

/**
 * Fits a threshold and evaluates it.
 * @param labels 0 or 1 for each of n sentences.
 * @param scores probability of "acceptable" for each.
 * @param folds of each sentence (see {@link stratifiedFolds}).
 * @param seed of the bootstrap: an int32.
 * @throws Error if there are no sentences, the lengths differ or a score is not a number.
 */
export function tuneThreshold(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  folds: ArrayLike<number>,
  seed: number,
): TunedThreshold & Fit {
  if (labels.length === 0 || folds.length !== labels.length) {
    throw new Error(
      `There are ${labels.length} labels and the folds of ${folds.length} rows. This is a bug.`,
    );
  }
  const thresholds = crossFit(folds, (rows) =>
    bestThreshold(
      rows.map((row) => labels[row]!),
      rows.map((row) => scores[row]!),
    ),
  );
  const usual = (row: number) => scores[row]! > defaultThreshold;
  const tuned = (row: number) => scores[row]! > thresholds[row]!;
  const before = judge(labels, usual);
  const after = judge(labels, tuned);
  const fitted = bestThreshold(labels, scores);
  const gain = bootstrapMccGain(countPairs(labels, usual, tuned), { seed });
  const used = isGain(gain);
  const change = describeGain('MCC', labels.length, { before: before.mcc, after: after.mcc, gain });
  return {
    threshold: used ? fitted : defaultThreshold,
    fitted,
    used,
    reason: used
      ? `The fitted threshold is better beyond its error: ${change}.`
      : `The fitted threshold is not better beyond its error: ${change}. The threshold stays at ${defaultThreshold}.`,
    before,
    after,
  };
}

/**
 * The threshold with the highest MCC. Candidates are {@link defaultThreshold} and the midpoints between
 * neighbouring scores. Of equally good ones, the one nearest to the default is chosen.
 * @returns the default if none has an MCC above 0: without rows, with a single class, or if scores and labels
 * contradict each other.
 * @throws Error if the lengths differ or a score is not a number.
 */
export function bestThreshold(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const rising = risingRows(labels, scores);
  // Start below all scores, where everything is acceptable. Then raise the threshold past one score at a
  // time.
  const counts = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
  for (const row of rising) counts[labels[row] === 1 ? 'truePositives' : 'falsePositives']++;

  let best = { threshold: defaultThreshold, mcc: 0 };
  const consider = (threshold: number, mcc: number) => {
    // MCCs that differ only by rounding are equal.
    const gain = mcc - best.mcc;
    const nearer = Math.abs(threshold - defaultThreshold) < Math.abs(best.threshold - defaultThreshold);
    if (gain > 1e-12 || (gain > -1e-12 && nearer)) best = { threshold, mcc };
  };
  for (let i = 0; i < rising.length - 1; i++) {
    const row = rising[i]!;
    if (labels[row] === 1) {
      counts.truePositives--;
      counts.falseNegatives++;
    } else {
      counts.falsePositives--;
      counts.trueNegatives++;
    }
    const below = scores[row]!;
    const above = scores[rising[i + 1]!]!;
    if (below === above) continue;
    const mcc = matthewsCorrelation(counts);
    consider(between(below, above), mcc);
    if (below <= defaultThreshold && defaultThreshold < above) consider(defaultThreshold, mcc);
  }
  return best.threshold;
}

function risingRows(labels: ArrayLike<number>, scores: ArrayLike<number>): number[] {
  if (scores.length !== labels.length) {
    throw new Error(`There are ${labels.length} labels and ${scores.length} scores. This is a bug.`);
  }
  const rows = Array.from(labels, (_, row) => row);
  const wrong = rows.find((row) => Number.isNaN(scores[row]));
  if (wrong !== undefined) throw new Error(`The score of row ${wrong} is not a number. This is a bug.`);
  return rows.sort((a, b) => scores[a]! - scores[b]!);
}

/** The midpoint. It is below the higher score even if the two are adjacent floating-point numbers. */
function between(below: number, above: number): number {
  const middle = (below + above) / 2;
  return middle < above ? middle : below;
}

function judge(labels: ArrayLike<number>, judgement: (row: number) => boolean): ThresholdQuality {
  const confusionMatrix = confusionMatrixOf(labels, judgement);
  return { mcc: matthewsCorrelation(confusionMatrix), confusionMatrix };
}
