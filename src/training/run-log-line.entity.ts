import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { EnumColumn, IdColumn, TimeColumn } from '../database/columns.js';
import { LONGEST_LINE, runLogSources, type RunLogLine, type RunLogSource } from './run-log.js';

@Entity('run_log_lines')
export class RunLogLineEntity implements RunLogLine {
  @ForeignKey('RunEntity', { onDelete: 'CASCADE' })
  @IdColumn()
  runId!: string;

  @PrimaryColumn({ type: 'integer' })
  sequence!: number;

  @Column({ type: 'integer', default: 1 })
  attempt!: number;

  @EnumColumn(runLogSources, { length: 8 })
  source!: RunLogSource;

  @Column({ type: 'varchar', length: LONGEST_LINE })
  text!: string;

  @TimeColumn()
  createdAt!: Date;
}
