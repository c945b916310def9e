import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry, type LabelValues } from 'prom-client';

/** Most values a label takes whose values come from outside; the rest is counted together as `other`. */
const MAX_LABEL_VALUES = 50;

/** Seconds. */
const PREDICTION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What became of a sentence that somebody asked about. */
export type PredictionOutcome = 'acceptable' | 'unacceptable' | 'refused' | 'overdue' | 'abandoned' | 'error';

/** How well a model version did on its validation rows. */
export interface ModelQuality {
  /** At the end of its training. */
  mcc: number;
  /** Computed as for predictions; null if that was not assessed. */
  precisions: Readonly<Record<'fp32' | 'int8', PrecisionQuality>> | null;
}

export interface PrecisionQuality {
  mcc: number;
  expectedCalibrationError: { before: number; after: number };
}

/** Every instrument of the service, on a registry of its own (two services in one process do not mix). */
@Injectable()
export class Instruments {
  readonly registry = new Registry();
  private readonly on = { registers: [this.registry] };
  private readonly aliases = new Set<string>();

  readonly httpRequestSeconds = new Histogram({
    ...this.on,
    name: 'wellformed_http_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300],
  });

  private readonly predictions = new Counter({
    ...this.on,
    name: 'wellformed_predictions_total',
    help:
      'Sentences asked about, by outcome (acceptable, unacceptable; refused: the queue was full, overdue: the deadline passed, ' +
      'abandoned: the client left, error) and by the alias asked for (none: by id).',
    labelNames: ['outcome', 'alias'] as const,
  });

  readonly predictionSeconds = new Histogram({
    ...this.on,
    name: 'wellformed_prediction_duration_seconds',
    help: 'Time to judge the sentences of one request: tokenisation, waiting and inference.',
    buckets: PREDICTION_BUCKETS,
  });

  readonly predictionTokenizationSeconds = new Histogram({
    ...this.on,
    name: 'wellformed_prediction_tokenization_seconds',
    help: 'Time in which the sentences of one request became tokens.',
    buckets: [0.0001, 0.00025, 0.0005, ...PREDICTION_BUCKETS],
  });

  readonly predictionQueueSeconds = new Histogram({
    ...this.on,
    name: 'wellformed_prediction_queue_seconds',
    help: 'Time in which the sentences of one request waited for others.',
    buckets: [0.0001, 0.00025, 0.0005, ...PREDICTION_BUCKETS],
  });

  private readonly inferenceSeconds = new Histogram({
    ...this.on,
    name: 'wellformed_inference_seconds',
    help: 'Time to compute one batch of sentences.',
    buckets: PREDICTION_BUCKETS,
  });

  private readonly inferenceBatchSentences = new Histogram({
    ...this.on,
    name: 'wellformed_inference_batch_sentences',
    help: 'Sentences of one batch.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  });

  private readonly inferenceBatchTokens = new Histogram({
    ...this.on,
    name: 'wellformed_inference_batch_tokens',
    help: 'Tokens of the sentences of one batch, padding not counted.',
    buckets: [8, 16, 32, 64, 128, 256, 512, 1024],
  });

  readonly predictionQueueLength = new Gauge({
    ...this.on,
    name: 'wellformed_prediction_queue_length',
    help: 'Sentences that wait to be computed, over all models.',
  });

  readonly loadedModels = new Gauge({
    ...this.on,
    name: 'wellformed_loaded_models',
    help: 'Models in memory, ready to judge.',
  });

  readonly trainingExamples = new Counter({
    ...this.on,
    name: 'wellformed_training_examples_total',
    help: 'Examples trained on, over all runs of this process.',
  });

  readonly trainingSteps = new Counter({
    ...this.on,
    name: 'wellformed_training_steps_total',
    help: 'Optimiser steps done, over all runs of this process.',
  });

  private readonly trainingLoss = new Gauge({
    ...this.on,
    name: 'wellformed_training_loss',
    help: 'Training loss of the last step of the current run. Absent while none trains.',
  });

  private readonly trainingExamplesPerSecond = new Gauge({
    ...this.on,
    name: 'wellformed_training_examples_per_second',
    help: 'Speed of the current run. Absent while none trains.',
  });

  private readonly trainingValidationMcc = new Gauge({
    ...this.on,
    name: 'wellformed_training_validation_mcc',
    help: 'Matthews correlation on the validation rows at the last evaluation of the current run. Absent before that.',
  });

  private readonly modelMcc = new Gauge({
    ...this.on,
    name: 'wellformed_model_mcc',
    help: 'Matthews correlation on its validation rows of the model version that an alias points to.',
    labelNames: ['alias'] as const,
  });

  private readonly servingMcc = new Gauge({
    ...this.on,
    name: 'wellformed_model_serving_mcc',
    help: 'The same by precision (fp32, int8), computed as for predictions. Absent for versions that were not assessed.',
    labelNames: ['alias', 'precision'] as const,
  });

  private readonly calibrationError = new Gauge({
    ...this.on,
    name: 'wellformed_model_expected_calibration_error',
    help:
      'Expected calibration error on its validation rows of the model version that an alias points to, by precision: before ' +
      'calibration and after it (fitted and judged on different folds). Absent for versions that were not assessed.',
    labelNames: ['alias', 'precision', 'calibration'] as const,
  });

  private readonly aliasSwapFailures = new Counter({
    ...this.on,
    name: 'wellformed_alias_swap_failures_total',
    help: 'Versions that could not take over an alias which had been moved to them.',
    labelNames: ['alias'] as const,
  });

  private readonly aliasLagging = new Gauge({
    ...this.on,
    name: 'wellformed_alias_lagging',
    help: '1 while an alias is served by another version than the one it points to, which is loading or has failed; else 0.',
    labelNames: ['alias'] as const,
  });

  readonly runs = new Gauge({
    ...this.on,
    name: 'wellformed_runs',
    help: 'Runs in the database by status.',
    labelNames: ['status'] as const,
  });

  readonly trainingQueueLength = new Gauge({
    ...this.on,
    name: 'wellformed_training_queue_length',
    help: 'Runs that wait for their turn.',
  });

  readonly eventLoopDelay = new Gauge({
    ...this.on,
    name: 'wellformed_event_loop_delay_seconds',
    help: 'How late the event loop was since the last scrape, by quantile.',
    labelNames: ['quantile'] as const,
  });

  constructor() {
    this.endTraining();
  }

  /** Counts sentences. `alias` is the name that the client asked for, or null for a model named by id. */
  countPredictions(outcome: PredictionOutcome, alias: string | null, sentences = 1): void {
    this.predictions.inc({ outcome, alias: this.aliasLabel(alias) }, sentences);
  }

  /** Sentences were computed together. */
  recordBatch({ sentences, tokens, seconds }: { sentences: number; tokens: number; seconds: number }): void {
    this.inferenceSeconds.observe(seconds);
    this.inferenceBatchSentences.observe(sentences);
    this.inferenceBatchTokens.observe(tokens);
  }

  /** The current run did a step. */
  recordStep(step: { examples: number; loss: number; examplesPerSecond: number | null }): void {
    this.trainingSteps.inc();
    this.trainingExamples.inc(step.examples);
    this.trainingLoss.set(step.loss);
    if (step.examplesPerSecond !== null) this.trainingExamplesPerSecond.set(step.examplesPerSecond);
  }

  /** The current run evaluated its model. */
  recordValidation(mcc: number): void {
    this.trainingValidationMcc.set(mcc);
  }

  /** No run trains any more: what tells of the current run leaves the page. */
  endTraining(): void {
    for (const gauge of [this.trainingLoss, this.trainingExamplesPerSecond, this.trainingValidationMcc])
      gauge.remove();
  }

  /** An alias points to a version of this quality, or is gone. */
  setAliasQuality(name: string, quality: ModelQuality | null): void {
    const alias = this.aliasLabel(name);
    if (alias === 'other') return;
    show(this.modelMcc, { alias }, quality?.mcc);
    for (const precision of ['fp32', 'int8'] as const) {
      const figures = quality?.precisions?.[precision];
      const { before, after } = figures?.expectedCalibrationError ?? {};
      show(this.servingMcc, { alias, precision }, figures?.mcc);
      show(this.calibrationError, { alias, precision, calibration: 'before' }, before);
      show(this.calibrationError, { alias, precision, calibration: 'after' }, after);
    }
  }

  /** Whether an alias is served by another version than the one it points to; null where the alias is gone. */
  setAliasLagging(name: string, lagging: boolean | null): void {
    const alias = this.aliasLabel(name);
    if (alias !== 'other') show(this.aliasLagging, { alias }, lagging === null ? undefined : Number(lagging));
  }

  countAliasSwapFailure(name: string): void {
    this.aliasSwapFailures.inc({ alias: this.aliasLabel(name) });
  }

  private aliasLabel(alias: string | null): string {
    if (alias === null) return 'none';
    if (this.aliases.has(alias) || this.aliases.size < MAX_LABEL_VALUES) {
      this.aliases.add(alias);
      return alias;
    }
    return 'other';
  }
}

/** Without a value it leaves the page. */
function show<Label extends string>(
  gauge: Gauge<Label>,
  labels: LabelValues<Label>,
  value: number | undefined,
): void {
  if (value === undefined) gauge.remove(labels);
  else gauge.set(labels, value);
}
