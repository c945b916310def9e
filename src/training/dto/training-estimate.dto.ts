import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional } from 'class-validator';
import { estimateBases, type EstimateBasis, type TrainingEstimate } from '../training-estimates.js';

export class TrainingQuery {
  /** Check the request and estimate the run without starting it. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean({ message: 'dryRun must be true or false' })
  dryRun?: boolean;
}

export class BytesDto {
  /** @example 1480000000 */
  @ApiProperty({ type: 'integer', format: 'int64' })
  neededBytes!: number;

  /** @example 12400000000 */
  @ApiProperty({ type: 'integer', format: 'int64' })
  availableBytes!: number;
}

export class OverlapDto {
  /**
   * Validation rows whose sentence is in the training set, but for case, white space, invisible characters and the form of accents.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  rows!: number;

  /**
   * Number of these rows that the training set only has with the other label.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  otherwiseLabelled!: number;

  /**
   * Numbers of the first ten of them in the validation set, from 1.
   * @example [12, 87, 301]
   */
  @ApiProperty({ type: 'array', items: { type: 'integer' } })
  first!: number[];
}

/** What a run would take, and what speaks against it. */
export class TrainingEstimateDto {
  /** @example all-MiniLM-L6-v2 */
  baseModel!: string;

  /**
   * Whether the base model is on disk. If not, the run downloads it first.
   * @example true
   */
  baseModelStored!: boolean;

  /** @example 7696 */
  @ApiProperty({ type: 'integer' })
  trainingRows!: number;

  /** @example 855 */
  @ApiProperty({ type: 'integer' })
  validationRows!: number;

  /**
   * More than the steps if `gradientAccumulationSteps` makes a step of several batches.
   * @example 241
   */
  @ApiProperty({ type: 'integer' })
  batchesPerEpoch!: number;

  /** @example 241 */
  @ApiProperty({ type: 'integer' })
  stepsPerEpoch!: number;

  /** @example 723 */
  @ApiProperty({ type: 'integer' })
  totalSteps!: number;

  /** @example 3 */
  @ApiProperty({ type: 'integer' })
  evaluations!: number;

  /**
   * From the start to the registered model, without the wait in the queue and the download. Null if it could not be told: a run is under way,
   * or the size of the base model is not known.
   * @example 412
   */
  @ApiProperty({ type: Number, nullable: true })
  seconds!: number | null;

  /** What `seconds` comes from: an earlier run of this base model on this machine, or a measurement of a few seconds. */
  @ApiProperty({ enum: estimateBases, nullable: true, example: 'earlier-run' })
  basis!: EstimateBasis | null;

  /** Memory at the peak. Null if the size of the base model is not known. */
  @ApiProperty({ type: () => BytesDto, nullable: true })
  memory!: BytesDto | null;

  /**
   * Disk space at the peak: for the model, the checkpoints and the best weights so far, and for the base model if it is not on disk. 0 bytes
   * are needed if the size of the base model is not known.
   */
  @ApiProperty()
  disk!: BytesDto;

  /** Rows of the validation set that the training set has too. Null if rows are held out. */
  @ApiProperty({ type: () => OverlapDto, nullable: true })
  overlap!: OverlapDto | null;

  /**
   * Problems that the data or the hyperparameters may cause.
   * @example ['learningRate 0.01 is outside what published recipes use (0.000005 to 0.0005). …']
   */
  @ApiProperty({ type: [String] })
  warnings!: string[];

  static of({ baseModel, totalExamples: _examples, ...estimate }: TrainingEstimate): TrainingEstimateDto {
    const seconds = estimate.seconds === null ? null : Math.round(estimate.seconds);
    return { ...estimate, seconds, baseModel: baseModel.name, baseModelStored: baseModel.stored };
  }
}
