import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AliasLabels } from './alias-labels.js';

/** Seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const FINE_BUCKETS = [0.0001, 0.00025, 0.0005, ...BUCKETS];

/** Possible outcomes of a sentence. */
const outcomes = ['acceptable', 'unacceptable', 'refused', 'overdue', 'abandoned', 'error'] as const;
export type PredictionOutcome = (typeof outcomes)[number];

/** Metrics of predictions: outcomes, times, batches, and the models in memory. */
export class PredictionInstruments {
  private readonly sentences: Counter<'outcome' | 'alias'>;
  private readonly inferenceSeconds: Histogram;
  private readonly batchSentences: Histogram;
  private readonly batchTokens: Histogram;
  readonly seconds: Histogram;
  readonly tokenizationSeconds: Histogram;
  readonly queueSeconds: Histogram;
  readonly queueLength: Gauge;
  readonly queueLimit: Gauge;
  readonly streams: Gauge;
  readonly loadedModels: Gauge;
  readonly failedModels: Gauge;
  readonly modelLoadSeconds: Histogram;

  constructor(
    registry: Registry,
    private readonly aliases: AliasLabels,
  ) {
    const on = { registers: [registry] };
    this.sentences = new Counter({
      ...on,
      name: 'wellformed_predictions_total',
      help:
        'Sentences by outcome (acceptable, unacceptable; refused: the queue was full, overdue: the deadline passed, abandoned: the ' +
        'client left, error) and by the alias in the request (none: by id).',
      labelNames: ['outcome', 'alias'] as const,
    });
    aliases.onRelease((alias) => outcomes.forEach((outcome) => this.sentences.remove({ outcome, alias })));
    this.seconds = new Histogram({
      ...on,
      name: 'wellformed_prediction_duration_seconds',
      help: 'Time to judge the sentences of one request: tokenisation, waiting and inference.',
      buckets: BUCKETS,
    });
    this.tokenizationSeconds = new Histogram({
      ...on,
      name: 'wellformed_prediction_tokenization_seconds',
      help: 'Time to cut the sentences of one request into tokens.',
      buckets: FINE_BUCKETS,
    });
    this.queueSeconds = new Histogram({
      ...on,
      name: 'wellformed_prediction_queue_seconds',
      help: 'Time that the sentences of one request waited for others.',
      buckets: FINE_BUCKETS,
    });
    this.inferenceSeconds = new Histogram({
      ...on,
      name: 'wellformed_inference_seconds',
      help: 'Time to compute one batch of sentences.',
      buckets: BUCKETS,
    });
    this.batchSentences = new Histogram({
      ...on,
      name: 'wellformed_inference_batch_sentences',
      help: 'Sentences of one batch.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    });
    this.batchTokens = new Histogram({
      ...on,
      name: 'wellformed_inference_batch_tokens',
      help: 'Tokens of one batch, without padding.',
      buckets: [8, 16, 32, 64, 128, 256, 512, 1024],
    });
    this.queueLength = new Gauge({
      ...on,
      name: 'wellformed_prediction_queue_length',
      help: 'Sentences that wait to be computed, for all models.',
    });
    this.queueLimit = new Gauge({
      ...on,
      name: 'wellformed_prediction_queue_limit',
      help: 'Sentences that may wait for one model. More are refused.',
    });
    this.streams = new Gauge({
      ...on,
      name: 'wellformed_prediction_streams',
      help: 'Streams of sentences that are being judged.',
    });
    this.loadedModels = new Gauge({
      ...on,
      name: 'wellformed_loaded_models',
      help: 'Models in memory, ready to judge.',
    });
    this.failedModels = new Gauge({
      ...on,
      name: 'wellformed_failed_models',
      help: 'Models whose last load failed.',
    });
    this.modelLoadSeconds = new Histogram({
      ...on,
      name: 'wellformed_model_load_seconds',
      help: 'Time to load a model, check its files and try it.',
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    });
  }

  /** Counts sentences. `alias` is the name in the request, or null for a model that was named by its id. */
  count(outcome: PredictionOutcome, alias: string | null, sentences = 1): void {
    this.sentences.inc({ outcome, alias: this.aliases.of(alias) }, sentences);
  }

  /** Records a batch of sentences. */
  recordBatch({ sentences, tokens, seconds }: { sentences: number; tokens: number; seconds: number }): void {
    this.inferenceSeconds.observe(seconds);
    this.batchSentences.observe(sentences);
    this.batchTokens.observe(tokens);
  }
}
