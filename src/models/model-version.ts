import type { Evaluation } from '../bert/evaluation/evaluation.js';
import type { Hyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import type { ServingAssessment } from '../bert/serving/assessment.js';
import type { ManifestFile } from '../storage/blob-store.js';

/** The alias that `POST /predict` uses where no model is named. */
export const PRODUCTION = 'production';

/** The rows a version was trained on, as they were then: they may have been deleted since. */
export interface TrainingRows {
  id: string;
  name: string;
  contentHash: string;
  rows: number;
}

/** The rows a version was validated on. Two versions are compared only if the content hashes are equal. */
export interface ValidationRows {
  /** Null where a fraction of the training rows was held out. */
  datasetId: string | null;
  contentHash: string;
  rows: number;
  /** Null where a dataset of its own was given. */
  fraction: number | null;
}

export interface EpochMetrics {
  /** From 1. */
  epoch: number;
  trainingLoss: number;
  trainingSeconds: number;
  validation: Evaluation;
}

export interface EvaluationMetrics {
  /** Steps done so far. */
  step: number;
  /** Epochs done so far, as a fraction between the ends of epochs. */
  epoch: number;
  /** Whether the average of the last epochs' weights was evaluated. */
  averaged: boolean;
  validation: Evaluation;
}

export interface ModelMetrics {
  /** How many epochs were done where the weights were kept: at the first evaluation with the highest MCC. */
  bestEpoch: number;
  /** Whether what was kept is the average of the last epochs' weights. */
  averaged: boolean;
  /** The evaluation of what was kept. */
  best: Evaluation;
  epochs: EpochMetrics[];
  /** All of them in order, those at the ends of epochs too. */
  evaluations: EvaluationMetrics[];
  /** Why the training ended before its last step; null if it did not. */
  stoppedEarly: string | null;
}

/** Where a version comes from. */
export interface Lineage {
  runId: string | null;
  baseModel: string;
  dataset: TrainingRows;
  validation: ValidationRows;
  hyperparameters: Hyperparameters;
  /** The engine that trained it: `tensorflow` or `wasm`. */
  engine: string;
}

/** `always`: the new version becomes production. `auto`: it does if it is better on the same validation rows. */
export const promotionRules = ['auto', 'always', 'never'] as const;
export type PromotionRule = (typeof promotionRules)[number];

/** Whether a new version became production, and why (not). */
export interface Promotion {
  promoted: boolean;
  reason: string;
}

/** A version as lists have it. */
export type ModelSummary = Omit<ModelVersion, 'config' | 'hyperparameters' | 'metrics' | 'serving' | 'files'>;

export interface ModelVersion extends Lineage {
  id: string;
  name: string;
  /** The `config.json` of the folder. */
  config: Record<string, unknown>;
  metrics: ModelMetrics;
  /** The evaluation of what was kept, as `metrics` has it. */
  best: Evaluation;
  /** What each precision is worth and costs; null where the version is older than that, or has no int8. */
  serving: ServingAssessment | null;
  promotion: Promotion;
  files: ManifestFile[];
  /** Of all files together. */
  bytes: number;
  createdAt: Date;
  /** The aliases that point to it now. */
  aliases: string[];
}
