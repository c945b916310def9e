import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { JsonColumn, ReferenceColumn, TimeColumn } from '../database/columns.js';

@Entity('run_events')
@Index(['runId', 'sequence'], { unique: true })
export class RunEventEntity {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @ForeignKey('RunEntity', { onDelete: 'CASCADE' })
  @ReferenceColumn()
  runId!: string;

  /** From 1 within the run. */
  @Column({ type: 'integer' })
  sequence!: number;

  @Column({ type: 'varchar', length: 32 })
  type!: string;

  /** Steps done, where the event is a step. */
  @Column({ type: 'integer', nullable: true })
  step!: number | null;

  @JsonColumn()
  data!: Record<string, unknown>;

  @TimeColumn()
  createdAt!: Date;
}
