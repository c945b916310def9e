export const scheduleNames = ['linear', 'cosine', 'constant'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** The learning rate after the warm-up, as a share of its peak, by the share of those steps still to come: 1 to 0. */
const shapes: Record<ScheduleName, (left: number) => number> = {
  linear: (left) => left,
  // Loshchilov & Hutter, "SGDR" (2017), one period without restarts.
  cosine: (left) => 0.5 * (1 + Math.cos(Math.PI * (1 - left))),
  constant: () => 1,
};

/**
 * The learning rate climbs in a line from 0 over the first steps, and then stays, or falls to 0 at the end in a line or a half
 * cosine: `get_{linear,cosine,constant}_schedule_with_warmup` of transformers.
 */
export class LearningRateSchedule {
  readonly warmupSteps: number;

  constructor(
    private readonly name: ScheduleName,
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
    const left = Math.max(0, this.totalSteps - done) / Math.max(1, this.totalSteps - this.warmupSteps);
    return this.peak * shapes[this.name](left);
  }
}
