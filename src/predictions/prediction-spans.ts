import type { ComputedBatch, ScoringTrace } from '../bert/serving/scoring-request.js';
import type { Span } from '../tracing/span.js';

/** A shorter wait for the model, in milliseconds, means that it was in memory. */
const NO_WAIT_MS = 1;

/**
 * Records the spans of a request: `model` (waiting until it is loaded), `tokenize`, `queue` (waiting for the
 * first batch), and a `batch` for each batch with its sentences, with `inference` inside.
 */
export class PredictionSpans implements ScoringTrace {
  private readonly begunAt = performance.now();
  private queuedAt: number | undefined;

  constructor(
    private readonly request: Span,
    { modelId, precision, sentences }: { modelId: string; precision: string; sentences: number },
  ) {
    request.set({
      'wellformed.model.id': modelId,
      'wellformed.precision': precision,
      'wellformed.sentences': sentences,
    });
  }

  /** The model is in memory. */
  loaded(): void {
    const now = performance.now();
    if (now - this.begunAt >= NO_WAIT_MS)
      this.request.child('model', { from: this.begunAt }).end({ to: now });
  }

  tokenised(from: number, to: number): void {
    this.request.child('tokenize', { from }).end({ to });
    this.queuedAt = to;
  }

  computed({ startedAt, endedAt, seconds, sentences, tokens }: ComputedBatch): void {
    this.leaveQueue(startedAt);
    const batch = this.request.child('batch', {
      from: startedAt,
      attributes: { 'wellformed.batch.sentences': sentences, 'wellformed.batch.tokens': tokens },
    });
    // The thread reports how long it computed. Before that it was busy with another batch.
    batch.child('inference', { from: Math.max(startedAt, endedAt - 1000 * seconds) }).end({ to: endedAt });
    batch.end({ to: endedAt });
  }

  failed(error: Error): void {
    this.leaveQueue(performance.now(), error);
  }

  private leaveQueue(to: number, failure?: Error): void {
    if (this.queuedAt === undefined) return;
    const from = this.queuedAt;
    this.queuedAt = undefined;
    // A batch with sentences that others had requested may already have been running.
    this.request.child('queue', { from }).end({ to: Math.max(from, to), failure });
  }
}
