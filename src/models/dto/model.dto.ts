import type { ModelVersion } from '../model-version.js';
import type { FiguresDto } from './figures.dto.js';

/** The rows a model was trained on, as they were then. */
export class TrainingRowsDto {
  /** @example ds_01JD2Y3XQ4Z8V5T6W7R8S9K0M1 */
  id!: string;
  /** @example in_domain_train.tsv */
  name!: string;
  /** sha256 over labels and sentences in order. */
  contentHash!: string;
  /** @example 8551 */
  rows!: number;
}

/** The rows a model was validated on. MCCs can be compared only where the content hashes are equal. */
export class ValidationRowsDto {
  /** Null where a fraction of the training rows was held out. @example ds_01JD2Y4F3H6N8Q9P2A7B5C1D0E */
  datasetId!: string | null;
  /** sha256 over labels and sentences in order. */
  contentHash!: string;
  /** @example 527 */
  rows!: number;
  /** Null where a dataset of its own was given. */
  fraction!: number | null;
}

export class ModelHyperparametersDto {
  /** @example 3 */
  epochs!: number;
  /** @example 32 */
  batchSize!: number;
  /** @example 0.00003 */
  learningRate!: number;
  /** In tokens, [CLS] and [SEP] counted. @example 48 */
  maxLength!: number;
  /** @example 0.1 */
  warmupRatio!: number;
  /** @example 0.01 */
  weightDecay!: number;
  /** @example 0.1 */
  dropout!: number;
  /** @example 1 */
  maxGradientNorm!: number;
  /** @example 42 */
  seed!: number;
}

export class ModelEpochDto {
  /** From 1. @example 3 */
  epoch!: number;
  /** @example 0.142 */
  trainingLoss!: number;
  /** @example 612.4 */
  trainingSeconds!: number;
  validation!: FiguresDto;
}

export class ModelMetricsDto {
  /** The epoch whose weights were kept: the first with the highest MCC. @example 3 */
  bestEpoch!: number;
  best!: FiguresDto;
  epochs!: ModelEpochDto[];
}

export class PromotionDto {
  /** Whether it became production when it was registered. @example true */
  promoted!: boolean;
  /** Why, or why not. @example 'There was no "production" yet.' */
  reason!: string;
}

export class ModelFileDto {
  /** @example model.safetensors */
  name!: string;
  /** In bytes. @example 437951328 */
  size!: number;
  sha256!: string;
}

/** A version in the registry. */
export class ModelDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;
  /** @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string;
  /** The aliases that point to it now. @example ["production"] */
  aliases!: string[];
  /** The run that made it. @example run_01JD2Y5Q6R7S8T9V0W1X2Y3Z4A */
  runId!: string | null;
  /** @example bert-base-uncased */
  baseModel!: string;
  dataset!: TrainingRowsDto;
  validation!: ValidationRowsDto;
  hyperparameters!: ModelHyperparametersDto;
  /** The engine that trained it. @example tensorflow */
  engine!: string;
  /** The `config.json` of the model. */
  config!: Record<string, unknown>;
  metrics!: ModelMetricsDto;
  promotion!: PromotionDto;
  files!: ModelFileDto[];
  /** Of all files together. @example 438512345 */
  bytes!: number;
  createdAt!: Date;

  static of(model: ModelVersion): ModelDto {
    return Object.assign(new ModelDto(), model);
  }
}

/** A page of models, newest first. */
export class ModelPageDto {
  items!: ModelDto[];
  /** Give this as `cursor` to get the next page; null on the last one. */
  nextCursor!: string | null;
}
