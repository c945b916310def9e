import { isEvaluatedAfter, type Extent } from '../../bert/fine-tuning/extent.js';
import { evaluationSeconds, judgingSeconds, secondsOf, type RunSeconds, type RunWork } from '../run-cost.js';
import type { Progress } from '../run.js';

/** As much of the run as is left for the export, once the last step is done. */
const unfinished = 0.99;
/** As much as is left for the registration, once the model is assessed. */
const unregistered = 0.999;
/** Of the closing, judging not counted, what comes after the judging: single sentences are timed, files summed up and registered. */
const afterJudging = 0.4;

/** Steps over which the rate shown is averaged: batches differ in length, so a single step says little. */
const window = 20;

/** A training whose progress is metered. */
export interface MeteredWork extends Extent, Pick<RunWork, 'judgedTokens' | 'weightBytes'> {
  evaluationSteps: number | null;
  /** Tokens that the steps of an epoch compute, in order. */
  tokensOfSteps: (epoch: number) => readonly number[];
}

/** What was done of a training before, where it resumes from a checkpoint. */
export interface DoneBefore {
  step: number;
  evaluations: number;
}

/**
 * Follows a training by its events and tells what is left until the model is registered. It begins with what was expected, part by
 * part, and takes what is measured as soon as there is something. Times are in milliseconds, of a clock that never goes back.
 */
export class ProgressMeter {
  private step: number;
  private evaluationsDone: number;
  private readonly epochs: number;
  /** Of the epoch under way: tokens up to the end of each of its steps. */
  private epoch!: { number: number; ends: Float64Array; tokens: number };
  /** The last step that is computed. It is told of once the next one is computed too. */
  private computed: number;
  /** Of all timed steps together, the earlier ones counted less. */
  private timed = { steps: 0, tokens: 0, seconds: 0 };
  private readonly steps: { examples: number; seconds: number }[] = [];
  private evaluating = { evaluations: 0, seconds: 0 };
  private lastEvent: number | undefined;
  private hasStopped = false;
  private closing: { since: number; now: number } | undefined;
  private assessment: { since: number; share: number } | undefined;

  /** @param expected null where nothing is known of this base model here */
  constructor(
    private readonly work: MeteredWork,
    private readonly expected: RunSeconds | null,
    before: DoneBefore = { step: 0, evaluations: 0 },
  ) {
    this.step = before.step;
    this.computed = before.step;
    this.evaluationsDone = before.evaluations;
    this.epochs = work.totalSteps / work.stepsPerEpoch;
    this.enter(Math.min(this.epochs, Math.floor(before.step / work.stepsPerEpoch) + 1));
  }

  /** A step has just ended. The first one is not timed: it warms the engine up. */
  stepped({ step, examples }: { step: number; examples: number }, now: number): void {
    const { stepsPerEpoch, evaluationSteps } = this.work;
    const computed = isEvaluatedAfter(step, this.work, evaluationSteps) ? step : step + 1;
    const epoch = Math.ceil(step / stepsPerEpoch);
    if (epoch !== this.epoch.number) this.enter(epoch);
    const tokens = this.tokensUntil(computed) - this.tokensUntil(this.computed);
    if (this.lastEvent !== undefined) {
      const seconds = (now - this.lastEvent) / 1000;
      // A step counts the more the later it is: the first ones warm the engine up, and what else the machine does may change.
      const { steps } = this.timed;
      const kept = steps / (steps + 1);
      this.timed = {
        steps: steps + 1,
        tokens: kept * this.timed.tokens + tokens,
        seconds: kept * this.timed.seconds + seconds,
      };
      this.steps.push({ examples, seconds });
      if (this.steps.length > window) this.steps.shift();
    }
    this.step = step;
    this.computed = computed;
    this.lastEvent = now;
  }

  /** An evaluation has just ended, and its weights are written where they are the best. */
  evaluated(now: number): void {
    if (this.lastEvent !== undefined) {
      this.evaluating.evaluations++;
      this.evaluating.seconds += (now - this.lastEvent) / 1000;
    }
    this.evaluationsDone++;
    this.lastEvent = now;
  }

  /** The training ends here, earlier than it was to. */
  stopped(): void {
    this.hasStopped = true;
  }

  /** The training has ended, and the model is exported. */
  exporting(now: number): void {
    this.closing = { since: now, now };
  }

  /** The finished model is being assessed, and this share of it, from 0 to 1, is done. */
  assessed(share: number, now: number): void {
    this.closing = { since: now, ...this.closing, now };
    this.assessment = { since: now, ...this.assessment, share };
  }

  get now(): Progress {
    return {
      progress: this.progress,
      examplesPerSecond: this.examplesPerSecond,
      secondsLeft: this.secondsLeft,
    };
  }

  private get progress(): number {
    if (this.assessment) return unfinished + this.assessment.share * (unregistered - unfinished);
    return this.hasStopped ? unfinished : Math.min(unfinished, this.step / this.work.totalSteps);
  }

  private get examplesPerSecond(): number | null {
    if (this.timed.seconds <= 0) return null;
    const seconds = this.steps.reduce((sum, step) => sum + step.seconds, 0);
    return this.steps.reduce((sum, step) => sum + step.examples, 0) / Math.max(1e-6, seconds);
  }

  private get secondsLeft(): number | null {
    const { secondsPerToken } = this;
    if (this.closing) return this.closingLeft(secondsPerToken ?? 0);
    if (secondsPerToken === null) return null;
    const closing = this.closingSeconds(secondsPerToken);
    if (this.hasStopped) return closing;
    const evaluations = Math.max(0, this.work.evaluations - this.evaluationsDone);
    return (
      secondsPerToken * this.tokensLeft + evaluations * this.secondsPerEvaluation(secondsPerToken) + closing
    );
  }

  private closingLeft(secondsPerToken: number): number {
    const { since, now } = this.closing!;
    const closing = this.closingSeconds(secondsPerToken);
    if (!this.assessment?.share) return Math.max(0, closing - (now - since) / 1000);
    const { since: judgingSince, share } = this.assessment;
    const rest = Math.max(0, closing - judgingSeconds(this.work, secondsPerToken));
    return ((now - judgingSince) / 1000) * (1 / share - 1) + afterJudging * rest;
  }

  private closingSeconds(secondsPerToken: number): number {
    return this.expected?.closing ?? secondsOf(this.runWork, secondsPerToken, 0).closing;
  }

  private secondsPerEvaluation(secondsPerToken: number): number {
    const { evaluations, seconds } = this.evaluating;
    if (evaluations > 0) return seconds / evaluations;
    const modelled = evaluationSeconds(this.work, secondsPerToken);
    if (!this.expected) return modelled;
    return modelled * (this.expected.evaluating / secondsOf(this.runWork, secondsPerToken, 0).evaluating);
  }

  /** As measured, or else as expected. */
  private get secondsPerToken(): number | null {
    const { tokens, seconds } = this.timed;
    if (tokens > 0) return seconds / tokens;
    return this.expected && this.expected.training / this.runWork.trainedTokens;
  }

  private get tokensLeft(): number {
    const { number, tokens } = this.epoch;
    return tokens - this.tokensUntil(this.computed) + (this.epochs - number) * tokens;
  }

  /** Epochs differ hardly at all: the others are taken to be like the one under way. */
  private get runWork(): RunWork {
    return { ...this.work, trainedTokens: this.epochs * this.epoch.tokens };
  }

  private enter(number: number): void {
    let tokens = 0;
    const ends = Float64Array.from(this.work.tokensOfSteps(number), (ofStep) => (tokens += ofStep));
    this.epoch = { number, ends, tokens };
  }

  /** Of the epoch under way, up to the end of a step. */
  private tokensUntil(step: number): number {
    const into = step - (this.epoch.number - 1) * this.work.stepsPerEpoch;
    return into <= 0 ? 0 : this.epoch.ends[into - 1]!;
  }
}
