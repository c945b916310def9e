import { crossFit } from './cross-fitting.js';
import { describeGain, isGain, meanInterval, type Fit } from './gain.js';
import { sigmoid, softplus } from './evaluation.js';

/** How well probabilities match the share of correct judgements. */
export interface CalibrationQuality {
  /** Mean negative log likelihood of the labels (cross-entropy). */
  loss: number;
  /** Mean distance between confidence and accuracy: 0 is perfect, 1 is the worst. */
  expectedCalibrationError: number;
  /**
   * The reliability diagram: bins by confidence, in ascending order, without empty bins. Absent in older
   * versions.
   */
  bins?: ReliabilityBin[];
}

export interface ReliabilityBin {
  rows: number;
  /** Mean probability of the predicted label, 0.5 to 1. */
  confidence: number;
  /** Share of correct judgements. */
  accuracy: number;
}

export interface Calibration extends Partial<Fit> {
  /** The divisor of the logits for calibrated scores: the fitted temperature if it is used, otherwise 1. */
  temperature: number;
  /** With uncalibrated probabilities. */
  before: CalibrationQuality;
  /**
   * With fitted temperatures, whether used or not. The temperature of each row was fitted without the row's
   * fold.
   */
  after: CalibrationQuality;
}

/**
 * Temperature scaling (Guo et al., "On calibration of modern neural networks", 2017). It fits one number so
 * that confidence matches accuracy. No judgement changes.
 * @param labels 0 or 1 for each of n sentences.
 * @param logits [n, 2], "unacceptable" then "acceptable"; finite.
 * @param folds of each sentence (see {@link stratifiedFolds}), for the evaluation.
 * @throws Error if there are no sentences, the lengths differ or a logit is not finite.
 */
export function calibrate(
  labels: ArrayLike<number>,
  logits: ArrayLike<number>,
  folds: ArrayLike<number>,
): Calibration & Fit {
  if (folds.length !== labels.length) {
    throw new Error(
      `There are ${labels.length} labels, but the folds of ${folds.length} rows. This is a bug.`,
    );
  }
  const temperatures = crossFit(folds, (rows) => {
    const some = rows.flatMap((row) => [logits[2 * row]!, logits[2 * row + 1]!]);
    return fitTemperature(
      rows.map((row) => labels[row]!),
      some,
    );
  });
  const before = calibrationQuality(labels, logits);
  const after = calibrationQuality(labels, logits, temperatures);
  const fitted = fitTemperature(labels, logits);
  const gains = marginsOfTrueLabels(labels, logits).map(
    (margin, row) => softplus(-margin) - softplus(-margin / temperatures[row]!),
  );
  const gain = meanInterval(gains);
  const bounded = (temperatureBounds as readonly number[]).includes(fitted);
  const used = !bounded && isGain(gain);
  const change = describeGain('loss', labels.length, { before: before.loss, after: after.loss, gain });
  return {
    temperature: used ? fitted : 1,
    fitted,
    used,
    reason: used
      ? `The fitted temperature is better beyond its error: ${change}.`
      : bounded
        ? `No temperature could be fitted: ${boundReason(fitted)}, so the fit ended at its bound of ${fitted}. Scores stay as they are (temperature 1).`
        : `The fitted temperature is not better beyond its error: ${change}. Scores stay as they are (temperature 1).`,
    before,
    after,
  };
}

function boundReason(bound: number): string {
  const way = bound === temperatureBounds[0] ? 'surer' : 'less sure';
  return `the ${way} the scores, the lower the loss on the validation rows, without end`;
}

/**
 * The maximum-likelihood estimate of the temperature, within {@link temperatureBounds}. It is at a bound
 * where the likelihood has no maximum: at the low one if all judgements are right, at the high one if they
 * are no better than chance.
 * @returns 1 if there is nothing to fit: without rows, if the two logits of every row are equal, or if all
 * rows are right by such a margin that no temperature matters.
 * @throws Error if the lengths differ or a logit is not finite.
 */
export function fitTemperature(labels: ArrayLike<number>, logits: ArrayLike<number>): number {
  const margins = marginsOfTrueLabels(labels, logits);
  if (margins.every((margin) => margin === 0)) return 1;
  const [coolest, hottest] = temperatureBounds;
  // The loss is convex in 1 / temperature, so its slope has at most one zero.
  let low = 1 / hottest;
  let high = 1 / coolest;
  const slopeAtHottest = lossSlope(margins, low).slope;
  if (slopeAtHottest > 0) return hottest;
  // No temperature changes the loss measurably, so there is nothing to fit.
  if (lossSlope(margins, high).slope <= 0) return slopeAtHottest === 0 ? 1 : coolest;
  let inverse = 1;
  // Newton's method, with bisection where a step would leave the bracket. Bisection alone would end within 60
  // rounds.
  for (let round = 0; round < 100; round++) {
    const { slope, curvature } = lossSlope(margins, inverse);
    if (slope === 0) break;
    if (slope < 0) low = inverse;
    else high = inverse;
    const newton = inverse - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - inverse) <= 1e-14 * inverse) break;
    inverse = next;
  }
  return 1 / inverse;
}

/** Far beyond what any network needs. They stop a fit that has no maximum. */
export const temperatureBounds = [0.05, 20] as const;

/**
 * @param temperatures one for all rows, or one for each row.
 * @throws Error if there are no sentences, the lengths differ or a logit is not finite.
 */
export function calibrationQuality(
  labels: ArrayLike<number>,
  logits: ArrayLike<number>,
  temperatures: number | ArrayLike<number> = 1,
): CalibrationQuality {
  if (labels.length === 0) throw new Error('There is nothing to judge a calibration by. This is a bug.');
  const bins = Array.from({ length: binCount }, () => ({ rows: 0, confidence: 0, right: 0 }));
  let loss = 0;
  marginsOfTrueLabels(labels, logits).forEach((trueMargin, row) => {
    const margin = trueMargin / (typeof temperatures === 'number' ? temperatures : temperatures[row]!);
    loss += softplus(-margin);
    const confidence = sigmoid(Math.abs(margin));
    const bin = bins[Math.ceil(confidence * binCount) - 1]!;
    bin.rows++;
    bin.confidence += confidence;
    // A tie counts as "unacceptable" everywhere.
    if (margin > 0 || (margin === 0 && labels[row] === 0)) bin.right++;
  });
  const distances = bins.map(({ confidence, right }) => Math.abs(confidence - right));
  return {
    loss: loss / labels.length,
    expectedCalibrationError: distances.reduce((sum, distance) => sum + distance, 0) / labels.length,
    bins: bins
      .filter(({ rows }) => rows > 0)
      .map(({ rows, confidence, right }) => ({
        rows,
        confidence: confidence / rows,
        accuracy: right / rows,
      })),
  };
}

/** Probability of "acceptable" after dividing the logits by a temperature. */
export function calibratedScore(
  [unacceptable, acceptable]: readonly [number, number],
  temperature: number,
): number {
  return sigmoid((acceptable - unacceptable) / temperature);
}

/**
 * Bins of equal width over the probability of the predicted class, as in the paper: (0, 1/15], (1/15, 2/15]
 * …. With two classes the lower half stays empty.
 */
const binCount = 15;

/** The logit of the true label minus the other logit. */
function marginsOfTrueLabels(labels: ArrayLike<number>, logits: ArrayLike<number>): Float64Array {
  if (logits.length !== 2 * labels.length) {
    throw new Error(
      `There are ${labels.length} labels and ${logits.length} logits, but each row has two. This is a bug.`,
    );
  }
  return Float64Array.from(labels, (label, row) => {
    const margin = logits[2 * row + 1]! - logits[2 * row]!;
    if (!Number.isFinite(margin)) throw new Error(`The logits of row ${row} are not finite. This is a bug.`);
    return label === 1 ? margin : -margin;
  });
}

/** First and second derivative of the total loss with respect to the inverse temperature. */
function lossSlope(margins: Float64Array, inverse: number): { slope: number; curvature: number } {
  let slope = 0;
  let curvature = 0;
  for (const margin of margins) {
    const wrong = sigmoid(-margin * inverse);
    slope -= margin * wrong;
    curvature += margin * margin * wrong * (1 - wrong);
  }
  return { slope, curvature };
}
