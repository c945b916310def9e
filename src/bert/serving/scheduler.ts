import { DeadlineExceededError, QueueFullError } from '../errors.js';
import type { BatchLogits } from './inference-thread.js';
import {
  ScoringRequest,
  Sentence,
  type ComputedBatch,
  type Scored,
  type ScoringTrace,
} from './scoring-request.js';
import { WaitingLine } from './waiting-line.js';

/** Computes a batch of sentences, given as token ids. */
export type RunBatch = (sentences: readonly (readonly number[])[]) => Promise<BatchLogits>;

export interface SchedulerLimits {
  /** Maximum cost of a batch in tokens (see `batchCost`). A longer sentence is a batch of its own. */
  tokensPerBatch: number;
  /** Maximum number of waiting sentences. A request that arrives at an empty queue is always accepted. */
  maxQueuedSentences: number;
  /** Maximum time that a batch waits to become full, in milliseconds. */
  maxWait: number;
}

export interface SchedulerObserver {
  /** The number of waiting sentences changed by this much. */
  queued(change: number): void;
  computed(batch: ComputedBatch): void;
}

export interface ScheduleOptions {
  /** Aborted when the answer is no longer needed. Waiting sentences are then not computed. */
  signal?: AbortSignal;
  /** When the request fails if some of its sentences still wait, on the clock of `performance.now()`. */
  deadline?: number;
  trace?: ScoringTrace;
}

/**
 * Combines the waiting sentences of all requests of one model into batches and computes these one after
 * another. A sentence that is already waiting or being computed is not computed again for another request.
 */
export class Scheduler {
  private readonly line = new WaitingLine();
  /** Sentences that wait or are being computed, by their tokens. */
  private readonly sentences = new Map<string, Sentence>();
  private readonly unfinished = new Set<Promise<unknown>>();
  /** Sentences that requests wait for, including those still being tokenised. */
  private queued = 0;
  private inFlight = 0;
  /** A moving average; 0 until something was computed. */
  private secondsPerSentence = 0;
  /** Duration of the last batch. Before the first one, it counts as long. */
  private batchSeconds = Infinity;
  private closed = false;
  private soon: NodeJS.Immediate | undefined;
  private later: NodeJS.Timeout | undefined;
  private nextDeadline: { at: number; timer: NodeJS.Timeout } | undefined;

  constructor(
    private readonly run: RunBatch,
    private readonly limits: SchedulerLimits,
    private readonly observer?: SchedulerObserver,
  ) {}

  /**
   * @param count number of sentences.
   * @param tokenise returns the token ids of each; called once there is room for them.
   * @throws QueueFullError if too many sentences are waiting.
   * @throws DeadlineExceededError if some of its sentences still wait at the deadline.
   * @throws the reason of the signal, errors of `tokenise`, and errors of `run` for one of its batches.
   */
  score(
    count: number,
    tokenise: () => Promise<readonly (readonly number[])[]>,
    options: ScheduleOptions = {},
  ): Promise<Scored> {
    const scored = this.admitted(count, tokenise, options);
    const end = () => this.unfinished.delete(scored);
    this.unfinished.add(scored);
    scored.then(end, end);
    return scored;
  }

  /** Accepts nothing new. Resolves when all accepted requests are answered. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.unfinished);
  }

  private async admitted(
    count: number,
    tokenise: () => Promise<readonly (readonly number[])[]>,
    { signal, deadline = Infinity, trace }: ScheduleOptions,
  ): Promise<Scored> {
    this.assertRoom(count);
    this.changeQueued(count);
    let sentences;
    try {
      sentences = await tokenise();
      signal?.throwIfAborted();
      if (deadline <= performance.now()) throw new DeadlineExceededError();
    } catch (error) {
      this.changeQueued(-count);
      throw error;
    }
    const request = new ScoringRequest(sentences.length, deadline, trace);
    const abandon = () => this.fail(request, signal!.reason);
    signal?.addEventListener('abort', abandon);
    try {
      this.submit(request, sentences);
      return await request.answer;
    } finally {
      signal?.removeEventListener('abort', abandon);
    }
  }

  private assertRoom(count: number): void {
    if (this.closed) throw new Error('The model has been closed. Load it again to use it.');
    const excess = this.queued + count - this.limits.maxQueuedSentences;
    if (this.queued > 0 && count > 0 && excess > 0) {
      throw new QueueFullError(this.queued, this.secondsPerSentence * excess);
    }
  }

  private submit(request: ScoringRequest, sentences: readonly (readonly number[])[]): void {
    sentences.forEach((tokenIds, position) => {
      const key = tokenIds.join();
      let sentence = this.sentences.get(key);
      if (!sentence) {
        sentence = new Sentence(tokenIds, key);
        this.sentences.set(key, sentence);
      }
      const isFirst = sentence.askers.every((asker) => asker.request !== request);
      sentence.askers.push({ request, position });
      if (!sentence.waiting) this.changeQueued(-1);
      else if (isFirst) request.waiting.push(sentence);
    });
    if (request.waiting.length === 0) return;
    this.line.add(request);
    if (this.inFlight > 0) {
      this.dispatch();
      if (request.waiting.length > 0) this.watchDeadline(request.deadline);
    } else {
      this.soon ??= setImmediate(() => this.dispatchTogether());
    }
  }

  /** Requests that arrive at the same time go into one batch. */
  private dispatchTogether(): void {
    this.soon = undefined;
    this.dispatch();
    for (const request of this.line) this.watchDeadline(request.deadline);
  }

  /** Hands over a batch. It hands over the next one early if that would be full and is needed soon. */
  private dispatch(): void {
    while (this.mayStart()) void this.start(this.line.take(this.limits.tokensPerBatch));
  }

  private mayStart(): boolean {
    const { tokens, freshSince } = this.line;
    const { tokensPerBatch, maxWait } = this.limits;
    if (tokens === 0) return false;
    if (this.inFlight > 0) {
      const isShort = this.batchSeconds <= longestAhead;
      return this.inFlight < mostInFlight && isShort && tokens >= tokensPerBatch;
    }
    const wait = freshSince === undefined ? 0 : freshSince + maxWait - performance.now();
    if (wait <= 0 || tokens >= tokensPerBatch) return true;
    this.later ??= setTimeout(() => {
      this.later = undefined;
      this.dispatch();
    }, wait);
    return false;
  }

  private async start(batch: readonly Sentence[]): Promise<void> {
    this.inFlight++;
    const startedAt = performance.now();
    for (const { askers } of batch) this.changeQueued(-askers.length);
    const outcome = await this.run(batch.map(({ tokenIds }) => tokenIds)).catch((error: Error) => error);
    this.inFlight--;
    for (const { key } of batch) this.sentences.delete(key);
    const computed = outcome instanceof Error ? undefined : this.measure(batch, outcome.seconds, startedAt);
    // Before the answers are handed out: that takes time, and the thread would be idle.
    this.dispatch();
    batch.forEach(({ askers }, row) => {
      for (const { request, position } of askers) {
        if (outcome instanceof Error) this.fail(request, outcome);
        else request.take(position, outcome.logits[2 * row]!, outcome.logits[2 * row + 1]!, computed!);
      }
    });
    if (computed) this.observer?.computed(computed);
  }

  private measure(batch: readonly Sentence[], seconds: number, startedAt: number): ComputedBatch {
    this.batchSeconds = seconds;
    const weight = this.secondsPerSentence === 0 ? 1 : 0.1;
    this.secondsPerSentence += weight * (seconds / batch.length - this.secondsPerSentence);
    const lengths = batch.map(({ tokenIds }) => tokenIds.length);
    return {
      sentences: batch.length,
      tokens: lengths.reduce((sum, length) => sum + length, 0),
      seconds,
      startedAt,
      endedAt: performance.now(),
    };
  }

  /** Sentences of a failed request need not be computed. */
  private fail(request: ScoringRequest, error: unknown): void {
    if (request.settled) return;
    request.fail(error);
    const waiting = request.waiting.flatMap(({ askers }) =>
      askers.filter((asker) => asker.request === request),
    );
    this.changeQueued(-waiting.length);
    for (const { key } of this.line.remove(request)) this.sentences.delete(key);
  }

  /** One timer for all, set to the earliest deadline. */
  private watchDeadline(at: number): void {
    if (at === Infinity || (this.nextDeadline && this.nextDeadline.at <= at)) return;
    clearTimeout(this.nextDeadline?.timer);
    const timer = setTimeout(() => this.endOverdue(), Math.max(0, at - performance.now()));
    // A deadline alone must not keep the process alive.
    this.nextDeadline = { at, timer: timer.unref() };
  }

  private endOverdue(): void {
    this.nextDeadline = undefined;
    const now = performance.now();
    for (const request of [...this.line]) {
      if (request.deadline <= now) this.fail(request, new DeadlineExceededError());
      else this.watchDeadline(request.deadline);
    }
  }

  private changeQueued(change: number): void {
    this.queued += change;
    this.observer?.queued(change);
  }
}

/** One is computed and one waits at the thread, so the thread does not wait for this one in between. */
const mostInFlight = 2;

/**
 * Seconds. After a longer batch, nothing is handed over early. The thread may then wait some tenths of a
 * millisecond, but sentences that arrive meanwhile can join the next batch instead of waiting for two.
 */
const longestAhead = 0.05;
