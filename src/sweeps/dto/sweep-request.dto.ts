import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  Length,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ListOf } from '../../api/form-values.js';
import { NumberField, WholeNumberField } from '../../api/number-fields.js';
import { PageQuery } from '../../api/page-query.js';
import { hyperparameters } from '../../bert/fine-tuning/hyperparameters.js';
import { LONGEST_ID } from '../../common/identifiers.js';
import { promotionRules, type PromotionRule } from '../../models/model-version.js';
import { TrainingBasics } from '../../training/dto/training-request.dto.js';
import { MOST_TRIALS } from '../search.js';
import { searchMethods, sweepStatuses, type SearchMethod, type SweepStatus } from '../sweep.js';
import type { SweepRequest } from '../sweeps.service.js';
import { SpaceDto } from './space.dto.js';

const MOST_SEEDS = 20;
const MOST_MINUTES = 60 * 24 * 365;
const { seed } = hyperparameters;

/** After which no further run starts. The runs that are under way then go on to their end. */
export class BudgetDto {
  @WholeNumberField({ description: 'Number of runs.', min: 1, max: MOST_TRIALS, optional: true })
  runs?: number;

  @NumberField({
    description: 'Minutes of training, over all runs. The time in the queue does not count.',
    min: 1,
    max: MOST_MINUTES,
    optional: true,
  })
  minutes?: number;
}

/** What `POST /sweeps` takes. */
export class SweepRequestDto extends OmitType(TrainingBasics, [
  'datasetId',
  'validationDatasetId',
  'promote',
  'priority',
  'checkpointSteps',
  'maxRestarts',
  'pauseAfterEpoch',
] as const) {
  @ApiProperty({
    description: 'Id of the uploaded dataset to train on.',
    example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB',
  })
  @IsString({ message: 'datasetId must be the id of a dataset, such as ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB' })
  @Length(1, LONGEST_ID, { message: 'datasetId must be the id of a dataset' })
  datasetId!: string;

  @ApiPropertyOptional({
    description:
      'Id of the uploaded dataset to validate on. Without it, each run holds out a share of the training rows: which ones depends on its seed.',
    example: 'ds_01JD3W4F0QK8A1R6SBE2M9PVWC',
  })
  @ValidateIf((_request, value) => value !== undefined)
  @IsString({
    message: 'validationDatasetId must be the id of a dataset, such as ds_01JD3W4F0QK8A1R6SBE2M9PVWC',
  })
  @Length(1, LONGEST_ID, { message: 'validationDatasetId must be the id of a dataset' })
  validationDatasetId?: string;

  @ApiPropertyOptional({
    enum: promotionRules,
    default: 'auto',
    description:
      'Whether the best model becomes `production` when the sweep has ended: `auto` if it is the first, or its MCC on the same validation ' +
      'rows is higher.',
  })
  @IsIn(promotionRules, { message: 'promote must be auto, always or never' })
  promote: PromotionRule = 'auto';

  @ApiPropertyOptional({
    enum: searchMethods,
    default: 'grid',
    description:
      '`grid`: every combination of the lists. `random`: combinations that are drawn from lists and ranges. `successive-halving`: all ' +
      'combinations, or so many drawn ones, train for a few epochs, and the best go on (ASHA).',
  })
  @IsIn(searchMethods, { message: `method must be one of ${searchMethods.join(', ')}` })
  method: SearchMethod = 'grid';

  @ApiPropertyOptional({
    type: SpaceDto,
    description:
      "What each hyperparameter may be. Without it: the article's grid, which is epochs 2, 3 and 4, batches of 16 and 32, and learning rates " +
      'of 5e-5, 3e-5 and 2e-5.',
    example: { learningRate: { min: 1e-5, max: 1e-4, scale: 'log' }, batchSize: [16, 32], epochs: 3 },
  })
  @IsOptional()
  @Type(() => SpaceDto)
  @ValidateNested({
    message: 'space must be an object with a value, a list or a range for each hyperparameter',
  })
  space?: SpaceDto;

  @ListOf(Number)
  @ApiPropertyOptional({
    type: 'array',
    items: seed.schema as object,
    minItems: 1,
    maxItems: MOST_SEEDS,
    uniqueItems: true,
    default: [seed.default],
    description: 'Each combination is trained once with each of these seeds. Results are the mean over them.',
  })
  @ArrayMinSize(1, { message: `seeds must be a list of 1 to ${MOST_SEEDS} whole numbers` })
  @ArrayMaxSize(MOST_SEEDS, { message: `seeds must be a list of 1 to ${MOST_SEEDS} whole numbers` })
  @ArrayUnique({ message: 'seeds must be different: one of them is there twice' })
  @ValidateBy(
    { name: 'seed', validator: { validate: seed.isValid } },
    { each: true, message: `each of the seeds must be ${seed.values}` },
  )
  seeds: number[] = [seed.default];

  @WholeNumberField({
    description: 'Settles which combinations are drawn, and the order of all.',
    min: 0,
    max: 2 ** 31 - 1,
    default: 42,
  })
  searchSeed: number = 42;

  @WholeNumberField({
    description: 'For `successive-halving`: epochs to the first rung, where trials pause. The default is 1.',
    min: 1,
    max: 19,
    optional: true,
  })
  minEpochs?: number;

  @WholeNumberField({
    description:
      'For `successive-halving`: one of so many trials goes on from a rung, and each rung has so many times the epochs of the one before. ' +
      'The default is 3, or 2 if trials have fewer than 9 epochs.',
    min: 2,
    max: 10,
    optional: true,
  })
  reductionFactor?: number;

  @ApiPropertyOptional({ type: BudgetDto, description: 'When to start no more runs. `random` needs it.' })
  @IsOptional()
  @Type(() => BudgetDto)
  @ValidateNested({ message: 'budget must be an object with runs, minutes or both' })
  budget?: BudgetDto;

  static read({
    method,
    space,
    seeds,
    searchSeed,
    minEpochs,
    reductionFactor,
    budget,
    ...basics
  }: SweepRequestDto): SweepRequest {
    return {
      name: basics.name ?? null,
      datasetId: basics.datasetId,
      validationDatasetId: basics.validationDatasetId ?? null,
      validationFraction: basics.validationFraction ?? null,
      baseModel: basics.baseModel,
      promote: basics.promote,
      budget: { runs: budget?.runs ?? null, minutes: budget?.minutes ?? null },
      search: {
        method,
        seeds,
        searchSeed,
        ...(space && { space }),
        ...(minEpochs !== undefined && { minEpochs }),
        ...(reductionFactor !== undefined && { reductionFactor }),
      },
    };
  }
}

export class NewSweepQuery {
  /** Check the request and estimate the sweep without starting it. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean({ message: 'dryRun must be true or false' })
  dryRun?: boolean;
}

export class SweepsQuery extends PageQuery {
  /** Only sweeps with this status. */
  @ApiPropertyOptional({ enum: sweepStatuses, enumName: 'SweepStatus', example: 'running' })
  @IsOptional()
  @IsIn(sweepStatuses, { message: `status must be one of ${sweepStatuses.join(', ')}` })
  status?: SweepStatus;
}
