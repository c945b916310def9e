/** Keeps track of the best MCC of a run, and of how long there has been no better one. */
export class BestEvaluation {
  mcc = -Infinity;
  /** Where it was found. */
  step = 0;
  /** Evaluations since then. */
  since = 0;

  /** @returns whether it is better than every earlier one: the first of equals stays the best */
  judge(mcc: number, step: number): boolean {
    if (mcc <= this.mcc) {
      this.since++;
      return false;
    }
    this.mcc = mcc;
    this.step = step;
    this.since = 0;
    return true;
  }
}
