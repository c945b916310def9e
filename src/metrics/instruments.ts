import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Most values a label takes whose values come from outside; the rest is counted together as `other`. */
const MAX_LABEL_VALUES = 50;

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
    help: 'Sentences judged, by outcome (acceptable, unacceptable, error) and by the alias asked for (none: by id).',
    labelNames: ['outcome', 'alias'] as const,
  });

  readonly predictionSeconds = new Histogram({
    ...this.on,
    name: 'wellformed_prediction_duration_seconds',
    help: 'Time to judge the sentences of one request, from tokens to scores.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
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
    help: 'Mean cross-entropy of the last batch of the current run. Absent while none trains.',
  });

  private readonly trainingExamplesPerSecond = new Gauge({
    ...this.on,
    name: 'wellformed_training_examples_per_second',
    help: 'Speed of the current run. Absent while none trains.',
  });

  private readonly trainingValidationMcc = new Gauge({
    ...this.on,
    name: 'wellformed_training_validation_mcc',
    help: 'Matthews correlation on the validation rows after the last epoch of the current run. Absent before that.',
  });

  private readonly modelMcc = new Gauge({
    ...this.on,
    name: 'wellformed_model_mcc',
    help: 'Matthews correlation on its validation rows of the model version that an alias points to.',
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

  /** Counts judged sentences. `alias` is the name that the client asked for, or null for a model named by id. */
  countPredictions(
    outcome: 'acceptable' | 'unacceptable' | 'error',
    alias: string | null,
    sentences = 1,
  ): void {
    this.predictions.inc({ outcome, alias: this.aliasLabel(alias) }, sentences);
  }

  /** The current run did a step. */
  recordStep(step: { examples: number; loss: number; examplesPerSecond: number | null }): void {
    this.trainingSteps.inc();
    this.trainingExamples.inc(step.examples);
    this.trainingLoss.set(step.loss);
    if (step.examplesPerSecond !== null) this.trainingExamplesPerSecond.set(step.examplesPerSecond);
  }

  /** The current run evaluated an epoch. */
  recordValidation(mcc: number): void {
    this.trainingValidationMcc.set(mcc);
  }

  /** No run trains any more: what tells of the current run leaves the page. */
  endTraining(): void {
    for (const gauge of [this.trainingLoss, this.trainingExamplesPerSecond, this.trainingValidationMcc])
      gauge.remove();
  }

  /** An alias points to a version with this MCC, or is gone. */
  setAliasMcc(alias: string, mcc: number | null): void {
    const label = { alias: this.aliasLabel(alias) };
    if (label.alias === 'other') return;
    if (mcc === null) this.modelMcc.remove(label);
    else this.modelMcc.set(label, mcc);
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
