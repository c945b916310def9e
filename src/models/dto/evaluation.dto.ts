import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { LONGEST_ID } from '../../common/identifiers.js';
import { precisions, type Precision } from '../../bert/onnx/precisions.js';
import type { EvaluationRecord, EvaluationStatus } from '../evaluation-record.js';
import { FiguresDto, IntervalDto } from './figures.dto.js';

export class StartEvaluationDto {
  /** The labelled rows to judge. @example ds_01JD2Y4F3H6N8Q9P2A7B5C1D0E */
  @IsString({ message: 'datasetId must be a string: the id of a dataset, see GET /datasets' })
  @Matches(/\S/, { message: 'datasetId must not be empty: give the id of a dataset, see GET /datasets' })
  @MaxLength(LONGEST_ID, { message: 'datasetId is too long for the id of a dataset, see GET /datasets' })
  datasetId!: string;

  @ApiPropertyOptional({
    description:
      'The precision that the model computes in. `int8` is possible if `serving` of the model is not null.',
    enum: precisions,
    default: 'fp32',
  })
  @IsIn(precisions, { message: 'precision must be fp32 or int8' })
  precision: Precision = 'fp32';
}

export class EvaluationResultDto extends FiguresDto {
  /** 95 % interval of the MCC: percentiles of 1,000 bootstrap samples of the rows. */
  @ApiProperty({ type: IntervalDto, required: true })
  override mccInterval!: IntervalDto;
  /** Number of sentences that were too long for the model. They were judged by their first tokens. @example 0 */
  truncated!: number;
  /** Time that the judging took, in seconds. @example 11.2 */
  seconds!: number;
}

export class EvaluationErrorDto {
  /** @example 'The evaluation failed' */
  title!: string;
  detail!: string;
}

/** A model's judgement of a whole dataset. */
export class EvaluationDto {
  /** @example evl_01JD31A2B3C4D5E6F7G8H9J0K1 */
  id!: string;
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  modelId!: string;
  /** Null once the dataset is deleted. @example ds_01JD2Y4F3H6N8Q9P2A7B5C1D0E */
  datasetId!: string | null;
  /** @example in_domain_dev.tsv */
  datasetName!: string;
  /** sha256 over labels and sentences of the dataset. */
  contentHash!: string;
  /** The precision that the model computed in. @example fp32 */
  precision!: Precision;
  /** `interrupted`: the service stopped before the end. @example succeeded */
  status!: EvaluationStatus;
  /** Share of the rows judged, 0 to 1. @example 1 */
  progress!: number;
  /** Null unless succeeded. */
  result!: EvaluationResultDto | null;
  /** Null unless failed. */
  error!: EvaluationErrorDto | null;
  createdAt!: Date;
  finishedAt!: Date | null;

  static of(record: EvaluationRecord): EvaluationDto {
    return Object.assign(new EvaluationDto(), record);
  }
}

/** A page of evaluations, newest first. */
export class EvaluationPageDto {
  items!: EvaluationDto[];
  /** Give this as `cursor` to get the next page; null on the last one. */
  nextCursor!: string | null;
}
