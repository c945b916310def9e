/** Counts of a binary judgement; "positive" is acceptable (label 1). */
export interface ConfusionMatrix {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
}

export interface Evaluation {
  /** Number of judged sentences. */
  rows: number;
  /** Mean cross-entropy. */
  loss: number;
  accuracy: number;
  /** Matthews correlation coefficient; 0 where it is undefined, as in scikit-learn. */
  mcc: number;
  confusionMatrix: ConfusionMatrix;
  /** The 95 % interval, if it was computed. */
  mccInterval?: Interval;
}

export interface Interval {
  lower: number;
  upper: number;
}

/** What is kept of a model's judgements of rows. */
export interface Judgements {
  /** 0 or 1 of each row. */
  labels: Uint8Array;
  /** Log odds of "acceptable" of each row: it is judged acceptable where they are above 0. */
  logOdds: Float32Array;
}

/** @param logits [n, 2] */
export function judgementsOf(labels: readonly number[], logits: ArrayLike<number>): Judgements {
  return {
    labels: Uint8Array.from(labels),
    // The difference of two float32 numbers that differ is not rounded to 0: each judgement stays what it is.
    logOdds: Float32Array.from(labels, (_, row) => logits[2 * row + 1]! - logits[2 * row]!),
  };
}

/**
 * Evaluates judgements by the larger logit. A tie counts as unacceptable.
 * @param labels 0 or 1 for each of n sentences.
 * @param logits [n, 2]
 * @throws Error if there are no sentences or the lengths differ.
 */
export function evaluatePredictions(labels: ArrayLike<number>, logits: ArrayLike<number>): Evaluation {
  const rows = labels.length;
  if (rows === 0 || logits.length !== 2 * rows) {
    throw new Error(
      `There are ${rows} labels and ${logits.length} logits, but each row has two. This is a bug.`,
    );
  }
  const margin = (row: number) => logits[2 * row + 1]! - logits[2 * row]!;
  const confusionMatrix = confusionMatrixOf(labels, (row) => margin(row) > 0);
  let totalLoss = 0;
  for (let row = 0; row < rows; row++) totalLoss += softplus(labels[row] === 1 ? -margin(row) : margin(row));
  const { truePositives, trueNegatives } = confusionMatrix;
  return {
    rows,
    loss: totalLoss / rows,
    accuracy: (truePositives + trueNegatives) / rows,
    mcc: matthewsCorrelation(confusionMatrix),
    confusionMatrix,
  };
}

/**
 * @param labels 0 or 1 of each of n rows.
 * @param isJudgedAcceptable of each row.
 */
export function confusionMatrixOf(
  labels: ArrayLike<number>,
  isJudgedAcceptable: (row: number) => boolean,
): ConfusionMatrix {
  const confusionMatrix = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
  for (let row = 0; row < labels.length; row++) {
    const acceptable = isJudgedAcceptable(row);
    if (labels[row] === 1) confusionMatrix[acceptable ? 'truePositives' : 'falseNegatives']++;
    else confusionMatrix[acceptable ? 'falsePositives' : 'trueNegatives']++;
  }
  return confusionMatrix;
}

/** Matthews (1975); 0 where a class is missing among the labels or the judgements. */
export function matthewsCorrelation(confusionMatrix: Readonly<ConfusionMatrix>): number {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusionMatrix;
  // Take the roots first: the product of four sums of a large set would lose digits.
  const norm =
    Math.sqrt(truePositives + falsePositives) *
    Math.sqrt(truePositives + falseNegatives) *
    Math.sqrt(trueNegatives + falsePositives) *
    Math.sqrt(trueNegatives + falseNegatives);
  if (norm === 0) return 0;
  const covariance = truePositives * trueNegatives - falsePositives * falseNegatives;
  return Math.max(-1, Math.min(1, covariance / norm));
}

/** Probability of an event whose log odds are `x`. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(1 + exp(x)): the cross-entropy of two classes when the wrong one's logit is higher by `x`. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
