import { Column, Entity, ForeignKey, Index } from 'typeorm';
import type { Evaluation } from '../bert/evaluation/evaluation.js';
import { withAllHyperparameters, type Hyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import type { ServingAssessment } from '../bert/serving/assessment.js';
import { BigIntegerColumn, IdColumn, JsonColumn, ReferenceColumn, TimeColumn } from '../database/columns.js';
import type { ManifestFile } from '../storage/blob-store.js';
import type { ModelMetrics, Promotion, TrainingRows, ValidationRows } from './model-version.js';

@Entity('models')
export class ModelVersionEntity {
  @IdColumn()
  id!: string;

  @Column({ type: 'varchar', length: 200 })
  name!: string;

  @Index()
  @ForeignKey('RunEntity', { onDelete: 'RESTRICT' })
  @ReferenceColumn({ nullable: true })
  runId!: string | null;

  @Column({ type: 'varchar', length: 255 })
  baseModel!: string;

  /** A copy, since the data set may be deleted. */
  @JsonColumn()
  dataset!: TrainingRows;

  @JsonColumn()
  validation!: ValidationRows;

  @JsonColumn({}, withAllHyperparameters)
  hyperparameters!: Hyperparameters;

  @Column({ type: 'varchar', length: 16 })
  engine!: string;

  @JsonColumn()
  config!: Record<string, unknown>;

  @JsonColumn()
  metrics!: ModelMetrics;

  /** A copy of `metrics.best`, so that lists need not read all evaluations. */
  @JsonColumn({ default: '{}' })
  best!: Evaluation;

  /** null for versions that were registered before this existed. */
  @JsonColumn({ nullable: true })
  serving!: ServingAssessment | null;

  @JsonColumn()
  promotion!: Promotion;

  @JsonColumn()
  files!: ManifestFile[];

  @BigIntegerColumn()
  bytes!: number;

  @TimeColumn()
  createdAt!: Date;
}

/** Details that lists omit, since they may be long. */
export const modelDetails = [
  'config',
  'hyperparameters',
  'metrics',
  'serving',
  'files',
] as const satisfies (keyof ModelVersionEntity)[];
