import type { Progress } from '../run.js';

/** As much of the run as is left for the export, once the last step is done. */
const unfinished = 0.99;
/** As much as is left for the registration, once the model is assessed. */
const unregistered = 0.999;

/** Steps over which the rate shown is averaged: batches differ in length, so a single step says little. */
const window = 20;

/** Follows a training by its events. Times are in milliseconds, of a clock that never goes back. */
export class ProgressMeter {
  private examplesDone = 0;
  private timedExamples = 0;
  private timedMilliseconds = 0;
  private steps: { examples: number; milliseconds: number }[] = [];
  private lastEvent: number | undefined;
  private evaluationMilliseconds = 0;
  private evaluations = 0;
  private assessment: { since: number; share: number; now: number } | undefined;

  /**
   * @param totalExamples of all epochs together
   * @param totalEvaluations of the whole training
   */
  constructor(
    private totalExamples: number,
    private totalEvaluations: number,
  ) {}

  /** A step has just ended. The first one is not timed: it warms the engine up. */
  stepped(examples: number, now: number): void {
    this.examplesDone += examples;
    if (this.lastEvent !== undefined) {
      const milliseconds = now - this.lastEvent;
      this.timedExamples += examples;
      this.timedMilliseconds += milliseconds;
      this.steps.push({ examples, milliseconds });
      if (this.steps.length > window) this.steps.shift();
    }
    this.lastEvent = now;
  }

  /** An evaluation has just ended. */
  evaluated(now: number): void {
    if (this.lastEvent !== undefined) this.evaluationMilliseconds += now - this.lastEvent;
    this.evaluations++;
    this.lastEvent = now;
  }

  /** The training ends here, earlier than it was to. */
  stopped(): void {
    this.totalExamples = this.examplesDone;
    this.totalEvaluations = this.evaluations;
  }

  /** The finished model is being assessed, and this share of it, from 0 to 1, is done. */
  assessed(share: number, now: number): void {
    this.assessment = { since: now, ...this.assessment, share, now };
  }

  get now(): Progress {
    if (!this.assessment) return this.training;
    const { since, share, now } = this.assessment;
    return {
      ...this.training,
      progress: unfinished + share * (unregistered - unfinished),
      secondsLeft: share > 0 ? ((now - since) / 1000) * (1 / share - 1) : null,
    };
  }

  private get training(): Progress {
    const progress = Math.min(unfinished, this.examplesDone / this.totalExamples);
    if (this.timedMilliseconds <= 0) return { progress, examplesPerSecond: null, secondsLeft: null };
    const recent = this.steps.reduce((sum, step) => sum + step.milliseconds, 0);
    const examples = this.steps.reduce((sum, step) => sum + step.examples, 0);
    const training =
      ((this.totalExamples - this.examplesDone) * this.timedMilliseconds) / Math.max(1, this.timedExamples);
    const evaluating = this.evaluations
      ? (this.totalEvaluations - this.evaluations) * (this.evaluationMilliseconds / this.evaluations)
      : 0;
    return {
      progress,
      examplesPerSecond: (1000 * examples) / Math.max(1e-3, recent),
      secondsLeft: Math.max(0, (training + evaluating) / 1000),
    };
  }
}
