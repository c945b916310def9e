/** A tokenised sentence and its judgement. */
export interface Example {
  /** [CLS] … [SEP], no padding. */
  tokenIds: ArrayLike<number>;
  /** 1: acceptable, 0: not. */
  label: 0 | 1;
}
