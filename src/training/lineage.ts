import type { Lineage, ModelMetrics } from '../models/model-version.js';
import { bestEvaluation, settledHyperparameters, type Run } from './run.js';
import type { TrainingJob } from './worker/messages.js';

/** What the model that comes of a run tells about where it comes from. */
export function lineageOf(run: Run, { training }: Pick<TrainingJob, 'training'>): Lineage {
  const { plan, engine, hyperparameters, validationDatasetId } = run;
  if (!plan || !engine) throw new Error('This is a bug: a training ended without a plan or an engine.');
  const { id, name, contentHash, rows } = training;
  return {
    runId: run.id,
    baseModel: run.baseModel,
    dataset: { id, name, contentHash, rows },
    validation: {
      datasetId: validationDatasetId,
      contentHash: plan.validationContentHash,
      rows: plan.validationRows,
      fraction: hyperparameters.validationFraction,
    },
    hyperparameters: settledHyperparameters(hyperparameters, plan),
    engine,
  };
}

export function metricsOf({ epochs, evaluations, stoppedEarly }: Run): ModelMetrics {
  const best = bestEvaluation(evaluations);
  if (!best) throw new Error('This is a bug: a training ended without an evaluation.');
  return {
    bestEpoch: best.epoch,
    averaged: best.averaged,
    best: best.validation,
    epochs: epochs.map(({ best: _best, ...epoch }) => epoch),
    evaluations: evaluations.map(({ best: _best, ...evaluation }) => evaluation),
    stoppedEarly,
  };
}
