import { Column, Entity, ForeignKey, Index } from 'typeorm';
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
  sweepStatuses,
  type Budget,
  type Search,
  type Sweep,
  type SweepStatus,
  type Trial,
} from './sweep.js';
import type { SweepError } from './sweep-error.js';

/** A sweep in the database: see {@link Sweep}. */
@Entity('sweeps')
export class SweepEntity implements Sweep {
  @IdColumn()
  id!: string;

  @Index()
  @EnumColumn(sweepStatuses, { length: 16 })
  status!: SweepStatus;

  @Column({ type: 'varchar', length: 200, nullable: true })
  name!: string | null;

  @Index()
  @ForeignKey('DatasetEntity', { onDelete: 'RESTRICT' })
  @ReferenceColumn()
  datasetId!: string;

  @Index()
  @ForeignKey('DatasetEntity', { onDelete: 'RESTRICT' })
  @ReferenceColumn({ nullable: true })
  validationDatasetId!: string | null;

  @DoubleColumn({ nullable: true })
  validationFraction!: number | null;

  @Column({ type: 'varchar', length: 255 })
  baseModel!: string;

  @EnumColumn(promotionRules, { length: 8 })
  promote!: PromotionRule;

  @JsonColumn()
  search!: Search;

  @JsonColumn()
  budget!: Budget;

  @JsonColumn()
  trials!: Trial[];

  /** Lists show it without reading the trials. */
  @Column({ type: 'integer' })
  trialCount!: number;

  /** No foreign key: the run may be deleted. */
  @ReferenceColumn({ nullable: true })
  bestRunId!: string | null;

  @JsonColumn({ nullable: true })
  error!: SweepError | null;

  @TimeColumn()
  createdAt!: Date;

  @TimeColumn({ nullable: true })
  finishedAt!: Date | null;
}

/** What lists leave out. */
export const sweepDetails = ['trials'] as const satisfies (keyof Sweep)[];
