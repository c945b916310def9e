/** Measurements of a batch. */
export interface ComputedBatch {
  /** Number of sentences. */
  sentences: number;
  /** Number of tokens of its sentences. */
  tokens: number;
  /** Duration of the computation. */
  seconds: number;
  /**
   * When it was handed to the inference thread, and when its answer arrived, on the clock of
   * `performance.now()`.
   */
  startedAt: number;
  endedAt: number;
}

/** Receives the timing of one traced request. Times are those of `performance.now()`. */
export interface ScoringTrace {
  tokenised(from: number, to: number): void;
  /** A batch with some of its sentences was computed. */
  computed(batch: ComputedBatch): void;
}

/** Answer to a request. */
export interface Scored {
  /** [sentences, 2] */
  logits: Float32Array;
  /** From submission to the answer, minus `inferenceSeconds`: time spent waiting. */
  queueSeconds: number;
  /** Sum over the batches that held its sentences, each counted whole. */
  inferenceSeconds: number;
  /** Number of those batches. */
  batches: number;
  /** Sentences in the largest of them, including those of other requests. */
  batchSize: number;
}

/** A sentence to compute, for all requests that ask for it. */
export class Sentence {
  /** Whether it is in no batch yet. */
  waiting = true;
  /** The requests that ask for it, with its position in each. */
  readonly askers: { request: ScoringRequest; position: number }[] = [];

  constructor(
    readonly tokenIds: readonly number[],
    /** Equal for equal tokens. */
    readonly key: string,
  ) {}
}

/** Sentences that are answered together. */
export class ScoringRequest {
  /** Its sentences that are in no batch yet, shortest first, without duplicates. */
  readonly waiting: Sentence[] = [];
  readonly answer: Promise<Scored>;
  readonly submittedAt = performance.now();
  /** Whether it has an answer or an error. */
  settled = false;

  private readonly logits: Float32Array;
  private unanswered: number;
  private readonly batches = new Set<ComputedBatch>();
  private resolve!: (scored: Scored) => void;
  private reject!: (error: unknown) => void;

  /**
   * @param deadline when it fails if some of its sentences still wait, on the clock of `performance.now()`.
   */
  constructor(
    sentences: number,
    readonly deadline: number,
    private readonly trace?: ScoringTrace,
  ) {
    this.logits = new Float32Array(2 * sentences);
    this.unanswered = sentences;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (sentences === 0) this.succeed();
  }

  /** Stores the logits of one of its sentences. */
  take(position: number, unacceptable: number, acceptable: number, batch: ComputedBatch): void {
    if (this.settled) return;
    this.logits[2 * position] = unacceptable;
    this.logits[2 * position + 1] = acceptable;
    if (this.trace && !this.batches.has(batch)) this.trace.computed(batch);
    this.batches.add(batch);
    if (--this.unanswered === 0) this.succeed();
  }

  fail(error: unknown): void {
    this.settled = true;
    this.reject(error);
  }

  private succeed(): void {
    this.settled = true;
    let inferenceSeconds = 0;
    let batchSize = 0;
    for (const { seconds, sentences } of this.batches) {
      inferenceSeconds += seconds;
      batchSize = Math.max(batchSize, sentences);
    }
    // Batches are computed one after another, so all other time is waiting.
    const totalSeconds = (performance.now() - this.submittedAt) / 1000;
    this.resolve({
      logits: this.logits,
      queueSeconds: Math.max(0, totalSeconds - inferenceSeconds),
      inferenceSeconds,
      batches: this.batches.size,
      batchSize,
    });
  }
}
