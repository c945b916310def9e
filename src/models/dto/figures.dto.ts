/** Counts of judgements; "positive" is acceptable. */
export class ConfusionMatrixDto {
  /** Acceptable sentences that were judged acceptable. @example 340 */
  truePositives!: number;
  /** Unacceptable sentences that were judged acceptable. @example 62 */
  falsePositives!: number;
  /** Unacceptable sentences that were judged unacceptable. @example 100 */
  trueNegatives!: number;
  /** Acceptable sentences that were judged unacceptable. @example 25 */
  falseNegatives!: number;
}

export class IntervalDto {
  /** @example 0.521 */
  lower!: number;
  /** @example 0.664 */
  upper!: number;
}

/** Quality of a model on labelled rows. */
export class FiguresDto {
  /** Number of sentences. @example 527 */
  rows!: number;
  /** Mean cross-entropy. @example 0.437 */
  loss!: number;
  /** Share of the sentences whose judgement matches their label. @example 0.835 */
  accuracy!: number;
  /** Matthews correlation coefficient, −1 to 1. 0 if it is undefined. @example 0.594 */
  mcc!: number;
  confusionMatrix!: ConfusionMatrixDto;
  /** 95 % interval of the MCC: percentiles of 1,000 bootstrap samples of the rows. Absent if it was not computed. */
  mccInterval?: IntervalDto;
}
