/** What a batch gave. */
export interface ComputedBatch {
  /** How many sentences it had. */
  sentences: number;
  /** Tokens of its sentences. */
  tokens: number;
  /** How long the computation took. */
  seconds: number;
  /** When it was handed to the inference thread, and when its answer came, on the clock of `performance.now()`. */
  startedAt: number;
  endedAt: number;
}

/** Told where the time of one request goes, where somebody follows it. Times are those of `performance.now()`. */
export interface ScoringTrace {
  tokenised(from: number, to: number): void;
  /** A batch that held some of its sentences. */
  computed(batch: ComputedBatch): void;
}

/** What a request gets. */
export interface Scored {
  /** [sentences, 2] */
  logits: Float32Array;
  /** From submission to the answer, less `inferenceSeconds`: waiting for others. */
  queueSeconds: number;
  /** Of the batches that held its sentences, each as a whole. */
  inferenceSeconds: number;
  /** How many batches that were. */
  batches: number;
  /** Sentences of the largest of them, those of other requests counted. */
  batchSize: number;
}

/** A sentence to compute, for one request or for several that ask for the same. */
export class Sentence {
  /** Whether it is in no batch yet. */
  waiting = true;
  /** Who asks for it, and as which of its sentences. */
  readonly askers: { request: ScoringRequest; position: number }[] = [];

  constructor(
    readonly tokenIds: readonly number[],
    /** The same for the same tokens. */
    readonly key: string,
  ) {}
}

/** Sentences that are answered together. */
export class ScoringRequest {
  /** Its sentences that are in no batch yet, shortest first, each once. */
  readonly waiting: Sentence[] = [];
  readonly answer: Promise<Scored>;
  readonly submittedAt = performance.now();
  /** Whether it has its answer or its error. */
  settled = false;

  private readonly logits: Float32Array;
  private unanswered: number;
  private readonly batches = new Set<ComputedBatch>();
  private resolve!: (scored: Scored) => void;
  private reject!: (error: unknown) => void;

  /** @param deadline when it is given up if something of it still waits, on the clock of `performance.now()`. */
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

  /** One of its sentences is computed. */
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
    // One batch is computed after another, so that what is not computing is waiting.
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
