import type { EngineName } from '../bert/engines/engine.js';
import type { Hyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import type { Lineage, ModelMetrics } from '../models/model-version.js';
import { bestEvaluation, type RunPlan, type RunResults } from './run.js';
import type { TrainingJob } from './worker/messages.js';

/** What a model that comes of a job tells about where it comes from. */
export function lineageOf(job: TrainingJob, plan: RunPlan, engine: EngineName): Lineage {
  const { id, name, contentHash, rows } = job.training;
  return {
    runId: job.runId,
    baseModel: job.baseModel,
    dataset: { id, name, contentHash, rows },
    validation: {
      datasetId: job.validation?.id ?? null,
      contentHash: plan.validationContentHash,
      rows: plan.validationRows,
      fraction: job.hyperparameters.validationFraction,
    },
    hyperparameters: settledHyperparameters(job, plan),
    engine,
  };
}

export function metricsOf({ epochs, evaluations, stoppedEarly }: RunResults): ModelMetrics {
  const best = bestEvaluation(evaluations);
  if (!best) throw new Error('This is a bug: a training ended without an evaluation.');
  return {
    bestEpoch: best.epoch,
    averaged: best.averaged,
    best: best.validation,
    epochs: epochs.map(({ epoch, trainingLoss, trainingSeconds, validation }) => ({
      epoch,
      trainingLoss,
      trainingSeconds,
      validation,
    })),
    evaluations: evaluations.map(({ step, epoch, averaged, validation }) => ({
      step,
      epoch,
      averaged,
      validation,
    })),
    stoppedEarly,
  };
}

/** What the training is really done with, `auto` settled. */
export function settledHyperparameters({ hyperparameters }: TrainingJob, plan: RunPlan): Hyperparameters {
  const { validationFraction: _fraction, ...known } = hyperparameters;
  return { ...known, maxLength: plan.maxLength };
}
