import { softplus } from './logistic.js';

/** Counts of binary judgements. "Positive" means acceptable (label 1). */
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
  const confusionMatrix = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
  let totalLoss = 0;
  for (let row = 0; row < rows; row++) {
    const margin = logits[2 * row + 1]! - logits[2 * row]!;
    const acceptable = labels[row] === 1;
    if (margin > 0) confusionMatrix[acceptable ? 'truePositives' : 'falsePositives']++;
    else confusionMatrix[acceptable ? 'falseNegatives' : 'trueNegatives']++;
    totalLoss += softplus(acceptable ? -margin : margin);
  }
  const { truePositives, trueNegatives } = confusionMatrix;
  return {
    rows,
    loss: totalLoss / rows,
    accuracy: (truePositives + trueNegatives) / rows,
    mcc: matthewsCorrelation(confusionMatrix),
    confusionMatrix,
  };
}

/** Matthews (1975). 0 if a class is missing among the labels or the judgements. */
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
