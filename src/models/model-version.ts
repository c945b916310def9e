import type { Evaluation } from '../bert/evaluation/evaluation.js';
import type { Hyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import type { ServingAssessment } from '../bert/serving/assessment.js';
import type { ManifestFile } from '../storage/blob-store.js';

/** The alias that `POST /predict` uses if no model is named. */
export const PRODUCTION = 'production';

/** The training rows of a version at the time. The data set may be deleted later. */
export interface TrainingRows {
  id: string;
  name: string;
  contentHash: string;
  rows: number;
}

/** The validation rows of a version. Two versions are only comparable if the content hashes are equal. */
export interface ValidationRows {
  /** null if a fraction of the training rows was held out. */
  datasetId: string | null;
  contentHash: string;
  rows: number;
  /** null if there was a validation set. */
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
  /** Epochs done so far; a fraction within an epoch. */
  epoch: number;
  /** Whether the average of the last epochs' weights was evaluated. */
  averaged: boolean;
  validation: Evaluation;
}

export interface ModelMetrics {
  /** Number of epochs before the weights were kept, at the first evaluation with the highest MCC. */
  bestEpoch: number;
  /** Whether the kept weights are the average of the last epochs. */
  averaged: boolean;
  /** The evaluation of the kept weights. */
  best: Evaluation;
  epochs: EpochMetrics[];
  /** All evaluations in order, including those at the ends of epochs. */
  evaluations: EvaluationMetrics[];
  /** Why the training ended before its last step; null if it did not. */
  stoppedEarly: string | null;
}

/** The origin of a version. */
export interface Lineage {
  runId: string | null;
  baseModel: string;
  dataset: TrainingRows;
  validation: ValidationRows;
  hyperparameters: Hyperparameters;
  /** The engine that trained it: `tensorflow` or `wasm`. */
  engine: string;
}

/**
 * `always`: the new version becomes production. `auto`: it becomes production if it is better on the same
 * validation rows.
 */
export const promotionRules = ['auto', 'always', 'never'] as const;
export type PromotionRule = (typeof promotionRules)[number];

/** Whether a new version became production, and why. */
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
  /** The evaluation of the kept weights, the same as in `metrics`. */
  best: Evaluation;
  /** Quality and cost of each precision. null if the version is older than that, or has no int8. */
  serving: ServingAssessment | null;
  promotion: Promotion;
  files: ManifestFile[];
  /** Total size of all files. */
  bytes: number;
  createdAt: Date;
  /** The aliases that point to it now. */
  aliases: string[];
}
