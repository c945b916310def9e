import { evaluationWarnings } from '../../bert/evaluation/warnings.js';
import type { ModelSummary, ModelVersion } from '../model-version.js';
import type { FiguresDto } from './figures.dto.js';
import { HyperparametersDto } from './hyperparameters.dto.js';
import type { ServingDto } from './serving.dto.js';
import { ApiProperty } from '@nestjs/swagger';
import { IsName, nameSchema } from '../../api/names.js';

/** The rows on which a model was trained. They are listed as they were then. */
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

/** The rows on which a model was validated. Only compare MCCs of models with the same content hash. */
export class ValidationRowsDto {
  /** Null if a fraction of the training rows was held out. @example ds_01JD2Y4F3H6N8Q9P2A7B5C1D0E */
  datasetId!: string | null;
  /** sha256 over labels and sentences in order. */
  contentHash!: string;
  /** @example 527 */
  rows!: number;
  /** Null if the run had a validation set. */
  fraction!: number | null;
}

export class ModelHyperparametersDto extends HyperparametersDto {
  /** Longest sentence in tokens, including [CLS] and [SEP]. @example 48 */
  maxLength!: number;
}

export class ModelEpochDto {
  /** Number of the epoch, from 1. @example 3 */
  epoch!: number;
  /** @example 0.142 */
  trainingLoss!: number;
  /** @example 612.4 */
  trainingSeconds!: number;
  validation!: FiguresDto;
}

export class ModelEvaluationDto {
  /** Number of steps before the evaluation. @example 804 */
  step!: number;
  /** Number of epochs before the evaluation: 1.5 in the middle of the second epoch. @example 3 */
  epoch!: number;
  /** Whether the average of the last epochs' weights was evaluated. @example false */
  averaged!: boolean;
  validation!: FiguresDto;
}

export class ModelMetricsDto {
  /** Number of epochs after which the stored weights were evaluated. The first evaluation with the highest MCC decides. @example 3 */
  bestEpoch!: number;
  /** Whether the stored weights are the average of the last epochs. @example false */
  averaged!: boolean;
  best!: FiguresDto;
  epochs!: ModelEpochDto[];
  /** All evaluations in order, including those at the ends of epochs. */
  evaluations!: ModelEvaluationDto[];
  /** Why the training ended before its last step. Null if it did not. @example null */
  stoppedEarly!: string | null;
}

export class PromotionDto {
  /** Whether the alias `production` was moved to the model when it was registered. @example true */
  promoted!: boolean;
  /** Why it was moved, or why not. @example 'There was no "production" yet.' */
  reason!: string;
}

export class ModelFileDto {
  /** @example model.safetensors */
  name!: string;
  /** Size in bytes. @example 437951328 */
  size!: number;
  sha256!: string;
}

/** A model version, as lists show it. */
export class ModelSummaryDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;
  /** @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string;
  /** The aliases that point to the model. @example ["production"] */
  aliases!: string[];
  /** The run that trained the model. @example run_01JD2Y5Q6R7S8T9V0W1X2Y3Z4A */
  runId!: string | null;
  /** @example bert-base-uncased */
  baseModel!: string;
  dataset!: TrainingRowsDto;
  validation!: ValidationRowsDto;
  /** The engine that trained the model. @example tensorflow */
  engine!: string;
  /** Quality of the stored weights on the validation rows. */
  best!: FiguresDto;
  /** Reasons to distrust these figures: fewer than 50 validation rows of a class, or an MCC of 0. @example [] */
  warnings!: string[];
  promotion!: PromotionDto;
  /** Size of all files together, in bytes. @example 438512345 */
  bytes!: number;
  createdAt!: Date;

  static of(model: ModelSummary): ModelSummaryDto {
    return Object.assign(new ModelSummaryDto(), model, { warnings: evaluationWarnings(model.best) });
  }
}

/** A model version. */
export class ModelDto extends ModelSummaryDto {
  hyperparameters!: ModelHyperparametersDto;
  /** The `config.json` of the model. */
  config!: Record<string, unknown>;
  metrics!: ModelMetricsDto;
  /** Quality and cost of each precision. Null for models that were registered before int8 existed. */
  serving!: ServingDto | null;
  files!: ModelFileDto[];

  static override of(model: ModelVersion): ModelDto {
    return Object.assign(new ModelDto(), model, { warnings: evaluationWarnings(model.best) });
  }
}

/** A page of models, newest first. */
export class ModelPageDto {
  items!: ModelSummaryDto[];
  /** Value of `cursor` for the next page. Null on the last page. */
  nextCursor!: string | null;
}

export class RenameModelDto {
  @ApiProperty({ ...nameSchema, example: 'Final exam, spring' })
  @IsName()
  name!: string;
}
