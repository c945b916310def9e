import { Entity, ForeignKey } from 'typeorm';
import type { Judgements } from '../bert/evaluation/evaluation.js';
import { ArrayColumn, IdColumn } from '../database/columns.js';

/** What a run's best evaluation judged its validation rows to be, in their order. Runs are compared by it, row by row. */
@Entity('run_judgements')
export class RunJudgementsEntity implements Judgements {
  @ForeignKey('RunEntity', { onDelete: 'CASCADE' })
  @IdColumn()
  runId!: string;

  @ArrayColumn(Uint8Array)
  labels!: Uint8Array;

  @ArrayColumn(Float32Array)
  logOdds!: Float32Array;
}
