import { ApiProperty } from '@nestjs/swagger';
import { promotionRules, type PromotionRule } from '../../models/model-version.js';
import { runStatuses, type RunStatus } from '../../training/run.js';
import {
  searchMethods,
  sweepStatuses,
  type SearchMethod,
  type SweepStatus,
  type SweepSummary,
} from '../sweep.js';
import { sweepErrors, type SweepErrorCode } from '../sweep-error.js';
import type { SweepEstimate, SweepState } from '../sweeps.service.js';
import { CombinationDto, SpaceDto } from './space.dto.js';

export class SweepBudgetDto {
  @ApiProperty({ type: 'integer', nullable: true, example: null })
  runs!: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 240 })
  minutes!: number | null;
}

export class SweepErrorDto {
  @ApiProperty({
    enum: Object.keys(sweepErrors),
    enumName: 'SweepErrorCode',
    description: Object.entries(sweepErrors)
      .map(([code, meaning]) => `\`${code}\`: ${meaning}`)
      .join(' '),
    example: 'first-runs-failed',
  })
  code!: SweepErrorCode;

  @ApiProperty({
    description: 'What happened and what to do.',
    example:
      'The first 3 runs failed. run_01JD3W5M4E7Y2V0N8GQ6T1CXZA: Memory ran out. Mend that, then start the sweep again.',
  })
  message!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The field to change. Null if none would help, or if it is not known which.',
    example: 'batchSize',
  })
  param!: string | null;
}

/** A sweep as lists show it. */
export class SweepSummaryDto {
  @ApiProperty({ example: 'swp_01JD3XS5T8B1H6M4CQ2V7WZE0R' })
  id!: string;

  @ApiProperty({
    enum: sweepStatuses,
    enumName: 'SweepStatus',
    description: '`cancelling`: its runs are being ended.',
    example: 'running',
  })
  status!: SweepStatus;

  @ApiProperty({ type: String, nullable: true, description: 'Name that its models have.', example: 'cola' })
  name!: string | null;

  @ApiProperty({ example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB' })
  datasetId!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null if training rows are held out.',
    example: 'ds_01JD3W4F0QK8A1R6SBE2M9PVWC',
  })
  validationDatasetId!: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Share of the training rows that are held out, if the request gave it.',
    example: null,
  })
  validationFraction!: number | null;

  @ApiProperty({ example: 'bert-base-uncased' })
  baseModel!: string;

  @ApiProperty({ enum: promotionRules, example: 'auto' })
  promote!: PromotionRule;

  @ApiProperty({ enum: searchMethods, example: 'grid' })
  method!: SearchMethod;

  @ApiProperty({
    type: SpaceDto,
    description: 'The values that are tried: a list or a range for each hyperparameter.',
    example: { epochs: [2, 3, 4], batchSize: [16, 32], learningRate: [5e-5, 3e-5, 2e-5] },
  })
  space!: SpaceDto;

  @ApiProperty({ type: 'array', items: { type: 'integer' }, example: [42] })
  seeds!: number[];

  @ApiProperty({ type: 'integer', example: 42 })
  searchSeed!: number;

  @ApiProperty({
    type: 'array',
    items: { type: 'integer' },
    nullable: true,
    description:
      'Epochs after which trials pause, for `successive-halving`: each of them is a rung. Null for the other methods.',
    example: null,
  })
  rungs!: number[] | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'One of so many trials goes on from a rung. Null unless the method is `successive-halving`.',
    example: null,
  })
  reductionFactor!: number | null;

  @ApiProperty()
  budget!: SweepBudgetDto;

  @ApiProperty({
    type: 'integer',
    description: 'Number of runs, if the minutes of the budget allow them.',
    example: 18,
  })
  runCount!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The best run so far: of the combination with the highest mean MCC, the run with the highest MCC.',
    example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA',
  })
  bestRunId!: string | null;

  @ApiProperty({ type: SweepErrorDto, nullable: true, description: 'Why it failed, and what to do.' })
  error!: SweepErrorDto | null;

  @ApiProperty({ format: 'date-time', example: '2025-11-23T12:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  finishedAt!: string | null;

  static of(sweep: SweepSummary): SweepSummaryDto {
    const { method, space, seeds, searchSeed, rungs } = sweep.search;
    return {
      id: sweep.id,
      status: sweep.status,
      name: sweep.name,
      datasetId: sweep.datasetId,
      validationDatasetId: sweep.validationDatasetId,
      validationFraction: sweep.validationFraction,
      baseModel: sweep.baseModel,
      promote: sweep.promote,
      method,
      space,
      seeds: [...seeds],
      searchSeed,
      rungs: rungs && [...rungs.epochs],
      reductionFactor: rungs && rungs.reductionFactor,
      budget: sweep.budget,
      runCount: sweep.trialCount,
      bestRunId: sweep.bestRunId,
      error: sweep.error,
      createdAt: sweep.createdAt.toISOString(),
      finishedAt: sweep.finishedAt?.toISOString() ?? null,
    };
  }
}

export class SweepPageDto {
  @ApiProperty({ type: [SweepSummaryDto], description: 'Newest first.' })
  items!: SweepSummaryDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Send it as `cursor` for the next page; null on the last one.',
    example: null,
  })
  nextCursor!: string | null;
}

export class SweepRunCountDto {
  @ApiProperty({ enum: runStatuses, enumName: 'RunStatus', example: 'succeeded' })
  status!: RunStatus;

  @ApiProperty({ type: 'integer', example: 7 })
  runs!: number;
}

export class SweepProgressDto {
  @ApiProperty({ type: [SweepRunCountDto], description: 'The runs that have been started, by status.' })
  started!: SweepRunCountDto[];

  @ApiProperty({ type: 'integer', description: 'The runs that are still to be started.', example: 10 })
  waiting!: number;

  @ApiProperty({ description: 'Seconds of training so far, over all runs.', example: 5230 })
  seconds!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Estimated seconds of training to come. Null before the first run has succeeded or come to a rung, and after the end.',
    example: 7400,
  })
  secondsLeft!: number | null;
}

/** The best run so far. */
export class BestRunDto {
  @ApiProperty({ example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  runId!: string;

  @ApiProperty({ type: String, nullable: true, example: 'mdl_01JD3X9K5T2H7R4B6WQ8NZ0EVC' })
  modelId!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Its own MCC.', example: 0.59 })
  mcc!: number | null;

  @ApiProperty({ type: CombinationDto, example: { epochs: 3, batchSize: 16, learningRate: 3e-5 } })
  hyperparameters!: CombinationDto;

  @ApiProperty({ type: 'integer', example: 42 })
  seed!: number;
}

export class SweepDto extends SweepSummaryDto {
  @ApiProperty()
  progress!: SweepProgressDto;

  @ApiProperty({ type: BestRunDto, nullable: true, description: 'Null before a run has succeeded.' })
  best!: BestRunDto | null;

  static override of(state: SweepState): SweepDto {
    const { progress, best, finishedAt, trialCount } = state;
    const started = (Object.entries(progress.runs) as [RunStatus, number][]).map(([status, runs]) => ({
      status,
      runs,
    }));
    const waiting = finishedAt ? 0 : trialCount - started.reduce((sum, { runs }) => sum + runs, 0);
    return {
      ...SweepSummaryDto.of(state),
      progress: { started, waiting, seconds: progress.seconds, secondsLeft: progress.secondsLeft },
      best: best && {
        runId: best.run.id,
        modelId: best.run.modelId,
        mcc: best.run.mcc,
        hyperparameters: best.trial.values,
        seed: best.trial.seed,
      },
    };
  }
}

/** What a sweep would take. */
export class SweepEstimateDto {
  /** @example 18 */
  @ApiProperty({ type: 'integer' })
  runs!: number;

  /**
   * Combinations of hyperparameters. Each is trained once for each seed.
   * @example 18
   */
  @ApiProperty({ type: 'integer' })
  combinations!: number;

  /**
   * Of all runs, one after the other. Null if it could not be told: a run is under way, or the size of the base model is not known.
   * @example 15300
   */
  @ApiProperty({ type: Number, nullable: true })
  seconds!: number | null;

  /** Problems that the data or the hyperparameters may cause. */
  @ApiProperty({ type: [String], example: [] })
  warnings!: string[];

  static of({ seconds, ...estimate }: SweepEstimate): SweepEstimateDto {
    return { ...estimate, seconds: seconds === null ? null : Math.round(seconds) };
  }
}
