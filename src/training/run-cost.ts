/*
 * What the parts of a run take: the one model behind the dry run and behind the time that a run says is left. It counts tokens, since that
 * is what a network computes, and how often the weights go from or to the disk. Its constants were measured with
 * `npm run bench:estimates` on a tiny model, MiniLM-L6 and BERT-base.
 */

/** What a run computes. */
export interface RunWork {
  /** Tokens that are trained on, all epochs together; R-Drop computes each twice. */
  trainedTokens: number;
  /** Tokens of the validation rows. */
  judgedTokens: number;
  evaluations: number;
  /** Size of all weights. */
  weightBytes: number;
}

/** What the parts of a run take, in seconds. */
export interface RunSeconds {
  /** The data is read and the engine started. */
  preparing: number;
  /** The steps alone. */
  training: number;
  /** The weights are read, all evaluations are computed, and the best weights written. */
  evaluating: number;
  /** From the last evaluation to the registered model: the export, and its assessment. */
  closing: number;
}

/** Judging a token takes a third of what training on it takes: there is no backward pass. Both exported graphs together take as long. */
const JUDGING = 1 / 3;
/** The weights are read or written at this rate: with their sums, and with what makes tensors of them. */
const WEIGHT_BYTES_PER_SECOND = 150e6;
/** The export writes the weights in two precisions, sums them up, and loads both. */
const CLOSING_PASSES = 3;
/** What the closing takes however small the model is. */
const CLOSING_SECONDS = 0.5;

/** By the time that training on a token takes. */
export function secondsOf(work: RunWork, secondsPerToken: number, preparing: number): RunSeconds {
  const { trainedTokens, evaluations, weightBytes } = work;
  const pass = weightBytes / WEIGHT_BYTES_PER_SECOND;
  return {
    preparing,
    training: secondsPerToken * trainedTokens,
    evaluating: pass + evaluations * evaluationSeconds(work, secondsPerToken),
    closing: CLOSING_SECONDS + CLOSING_PASSES * pass + judgingSeconds(work, secondsPerToken),
  };
}

/** Of one evaluation, whose weights are the best so far. */
export function evaluationSeconds(
  work: Pick<RunWork, 'judgedTokens' | 'weightBytes'>,
  secondsPerToken: number,
): number {
  return judgingSeconds(work, secondsPerToken) + work.weightBytes / WEIGHT_BYTES_PER_SECOND;
}

/** Of the validation rows: in an evaluation, and by both exported graphs together. */
export function judgingSeconds(
  { judgedTokens }: Pick<RunWork, 'judgedTokens'>,
  secondsPerToken: number,
): number {
  return JUDGING * secondsPerToken * judgedTokens;
}

/** What another run would take that does other work: each part as it was, times what the model says of the one and of the other. */
export function scaled(measured: RunSeconds, from: RunWork, to: RunWork): RunSeconds {
  const secondsPerToken = measured.training / from.trainedTokens;
  const before = secondsOf(from, secondsPerToken, measured.preparing);
  const after = secondsOf(to, secondsPerToken, measured.preparing);
  return {
    preparing: measured.preparing,
    training: after.training,
    evaluating: (measured.evaluating * after.evaluating) / before.evaluating,
    closing: (measured.closing * after.closing) / before.closing,
  };
}

export function totalOf({ preparing, training, evaluating, closing }: RunSeconds): number {
  return preparing + training + evaluating + closing;
}
