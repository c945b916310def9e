import { Column, Entity, ForeignKey, Index } from 'typeorm';
import type { EngineName } from '../bert/engines/engine.js';
import { withAllHyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import {
  DoubleColumn,
  EnumColumn,
  IdColumn,
  JsonColumn,
  ReferenceColumn,
  TimeColumn,
} from '../database/columns.js';
import { promotionRules, type PromotionRule } from '../models/model-version.js';
import {
  orderDefaults,
  runPhases,
  runStatuses,
  type Run,
  type RunCheckpoint,
  type RunDownload,
  type RunEpoch,
  type RunEvaluation,
  type RunHyperparameters,
  type RunPhase,
  type RunPlan,
  type RunResumption,
  type RunStatus,
} from './run.js';
import type { RunError } from './run-error.js';

/** Of the meaning of a row's states and JSON, for later migrations. */
export const RUN_ROW_VERSION = 3;

/** A run in the database: see {@link Run}. */
@Entity('runs')
@Index(['sweepId', 'trial'], { unique: true })
export class RunEntity implements Run {
  @IdColumn()
  id!: string;

  /** See {@link RUN_ROW_VERSION}. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  @Index()
  @EnumColumn(runStatuses, { length: 16 })
  status!: RunStatus;

  @Column({ type: 'text', nullable: true })
  statusReason!: string | null;

  @Column({ type: 'integer', default: 0 })
  attempt!: number;

  @Column({ type: 'integer', default: 0 })
  restarts!: number;

  @JsonColumn({ nullable: true })
  checkpoint!: RunCheckpoint | null;

  @JsonColumn({ nullable: true })
  resumption!: RunResumption | null;

  /** No foreign key: the other run may be deleted. */
  @ReferenceColumn({ nullable: true })
  continues!: string | null;

  /** No foreign key: the model may be deleted once the run has ended. */
  @ReferenceColumn({ nullable: true })
  initialModelId!: string | null;

  @DoubleColumn({ nullable: true })
  estimatedSeconds!: number | null;

  @Column({ type: 'integer', default: orderDefaults.priority })
  priority!: number;

  @Column({ type: 'integer', nullable: true })
  checkpointSteps!: number | null;

  @Column({ type: 'integer', default: orderDefaults.maxRestarts })
  maxRestarts!: number;

  @Column({ type: 'integer', nullable: true })
  pauseAfterEpoch!: number | null;

  @EnumColumn(runPhases, { length: 32, nullable: true })
  phase!: RunPhase | null;

  @Index()
  @ForeignKey('DatasetEntity', { onDelete: 'RESTRICT' })
  @ReferenceColumn()
  datasetId!: string;

  @Index()
  @ForeignKey('DatasetEntity', { onDelete: 'RESTRICT' })
  @ReferenceColumn({ nullable: true })
  validationDatasetId!: string | null;

  @Column({ type: 'varchar', length: 200, nullable: true })
  name!: string | null;

  @Column({ type: 'varchar', length: 255 })
  baseModel!: string;

  @JsonColumn({}, withAllHyperparameters)
  hyperparameters!: RunHyperparameters;

  @EnumColumn(promotionRules, { length: 8 })
  promote!: PromotionRule;

  @Column({ type: 'varchar', length: 16, nullable: true })
  engine!: EngineName | null;

  @JsonColumn({ nullable: true })
  plan!: RunPlan | null;

  @Column({ type: 'integer', default: 0 })
  step!: number;

  @Column({ type: 'integer', nullable: true })
  totalSteps!: number | null;

  @Column({ type: 'integer', default: 0 })
  epoch!: number;

  @DoubleColumn({ nullable: true })
  loss!: number | null;

  @DoubleColumn({ nullable: true })
  learningRate!: number | null;

  @DoubleColumn({ nullable: true })
  examplesPerSecond!: number | null;

  @DoubleColumn({ default: 0 })
  progress!: number;

  @DoubleColumn({ nullable: true })
  secondsLeft!: number | null;

  @TimeColumn({ nullable: true })
  estimatedFinish!: Date | null;

  @JsonColumn({ nullable: true })
  download!: RunDownload | null;

  /** Lists show it without reading the evaluations. */
  @DoubleColumn({ nullable: true })
  mcc!: number | null;

  @JsonColumn()
  epochs!: RunEpoch[];

  @JsonColumn({ default: '[]' })
  evaluations!: RunEvaluation[];

  @Column({ type: 'text', nullable: true })
  stoppedEarly!: string | null;

  @JsonColumn({ nullable: true })
  error!: RunError | null;

  /** No foreign key: the version may be deleted, and it refers to the run. */
  @ReferenceColumn({ nullable: true })
  modelId!: string | null;

  /** No foreign key: what a sweep is, only the sweeps know. */
  @ReferenceColumn({ nullable: true })
  sweepId!: string | null;

  /** One run for each trial of a sweep: none starts twice, wherever the service was killed. */
  @Column({ type: 'integer', nullable: true })
  trial!: number | null;

  @Column({ type: 'varchar', length: 64, nullable: true })
  owner!: string | null;

  @TimeColumn({ nullable: true })
  leaseExpiresAt!: Date | null;

  @TimeColumn()
  createdAt!: Date;

  @TimeColumn({ nullable: true })
  startedAt!: Date | null;

  @TimeColumn({ nullable: true })
  finishedAt!: Date | null;

  @TimeColumn({ nullable: true })
  takenAt!: Date | null;

  @DoubleColumn({ default: 0 })
  workedSeconds!: number;
}

/** What lists leave out. */
export const runDetails = ['epochs', 'evaluations'] as const satisfies (keyof Run)[];
