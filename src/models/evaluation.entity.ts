import { Column, Entity, ForeignKey, Index } from 'typeorm';
import { precisions, type Precision } from '../bert/onnx/precisions.js';
import { EnumColumn, IdColumn, JsonColumn, ReferenceColumn, TimeColumn } from '../database/columns.js';
import {
  evaluationStatuses,
  type EvaluationError,
  type EvaluationResult,
  type EvaluationStatus,
} from './evaluation-record.js';

@Entity('evaluations')
export class EvaluationEntity {
  @IdColumn()
  id!: string;

  @Index()
  @ForeignKey('ModelVersionEntity', { onDelete: 'CASCADE' })
  @ReferenceColumn()
  modelId!: string;

  @Index()
  @ForeignKey('DatasetEntity', { onDelete: 'SET NULL' })
  @ReferenceColumn({ nullable: true })
  datasetId!: string | null;

  @Column({ type: 'varchar', length: 200 })
  datasetName!: string;

  @Column({ type: 'varchar', length: 64 })
  contentHash!: string;

  @EnumColumn(precisions, { length: 8, default: 'fp32' })
  precision!: Precision;

  @EnumColumn(evaluationStatuses, { length: 16 })
  status!: EvaluationStatus;

  @JsonColumn({ nullable: true })
  result!: EvaluationResult | null;

  @JsonColumn({ nullable: true })
  error!: EvaluationError | null;

  @TimeColumn()
  createdAt!: Date;

  @TimeColumn({ nullable: true })
  finishedAt!: Date | null;
}
