/**
 * The learning rate climbs in a line from 0 over the first steps and falls in a line to 0 at the end, as
 * `get_linear_schedule_with_warmup` of transformers.
 */
export class LinearSchedule {
  readonly warmupSteps: number;

  constructor(
    private readonly peak: number,
    private readonly totalSteps: number,
    warmupRatio: number,
  ) {
    this.warmupSteps = Math.ceil(totalSteps * warmupRatio);
  }

  /** The rate for a step, counted from 1. */
  learningRate(step: number): number {
    const done = step - 1;
    if (done < this.warmupSteps) return (this.peak * done) / Math.max(1, this.warmupSteps);
    return (
      (this.peak * Math.max(0, this.totalSteps - done)) / Math.max(1, this.totalSteps - this.warmupSteps)
    );
  }
}
