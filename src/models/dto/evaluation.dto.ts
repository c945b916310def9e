import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { LONGEST_ID } from '../../common/identifiers.js';
import { precisions, type Precision } from '../../bert/onnx/precisions.js';
import type { EvaluationRecord, EvaluationStatus } from '../evaluation-record.js';
import { FiguresDto, IntervalDto } from './figures.dto.js';

export class StartEvaluationDto {
  /** Id of the data set to judge. @example ds_01JD2Y4F3H6N8Q9P2A7B5C1D0E */
  @IsString({ message: 'datasetId must be a string: the id of a data set, see GET /datasets' })
  @Matches(/\S/, { message: 'datasetId must not be empty: give the id of a data set, see GET /datasets' })
  @MaxLength(LONGEST_ID, { message: 'datasetId is too long for the id of a data set, see GET /datasets' })
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
  /** Number of sentences that were too long for the model. It judged their first tokens only. @example 0 */
  truncated!: number;
  /** Duration of the evaluation, in seconds. @example 11.2 */
  seconds!: number;
}

export class EvaluationErrorDto {
  /** @example 'The evaluation failed' */
  title!: string;
  detail!: string;
}

/** An evaluation of a model on a data set. */
export class EvaluationDto {
  /** @example evl_01JD31A2B3C4D5E6F7G8H9J0K1 */
  id!: string;
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  modelId!: string;
  /** Null if the data set has been deleted. @example ds_01JD2Y4F3H6N8Q9P2A7B5C1D0E */
  datasetId!: string | null;
  /** @example in_domain_dev.tsv */
  datasetName!: string;
  /** SHA-256 over the labels and sentences of the data set. */
  contentHash!: string;
  /** The precision of the computation. @example fp32 */
  precision!: Precision;
  /** `interrupted`: the service stopped before the end. @example succeeded */
  status!: EvaluationStatus;
  /** Share of the rows that have been judged, 0 to 1. @example 1 */
  progress!: number;
  /** Null unless the status is `succeeded`. */
  result!: EvaluationResultDto | null;
  /** Null unless the status is `failed`. */
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
  /** Value of `cursor` for the next page. Null on the last page. */
  nextCursor!: string | null;
}
