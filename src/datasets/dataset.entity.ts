import { Column, Entity } from 'typeorm';
import { BigIntegerColumn, IdColumn, JsonColumn, TimeColumn } from '../database/columns.js';
import type { DatasetStatistics, DatasetWarning } from './dataset.js';

@Entity('datasets')
export class DatasetEntity {
  @IdColumn()
  id!: string;

  @Column({ type: 'varchar', length: 200 })
  name!: string;

  @Column({ type: 'varchar', length: 64 })
  contentHash!: string;

  @Column({ type: 'integer' })
  rows!: number;

  @Column({ type: 'integer' })
  acceptable!: number;

  @Column({ type: 'integer' })
  unacceptable!: number;

  @JsonColumn()
  statistics!: DatasetStatistics;

  @JsonColumn()
  problems!: DatasetWarning[];

  @Column({ type: 'varchar', length: 255, nullable: true })
  originalFileName!: string | null;

  /** Size of the uploaded file in bytes. */
  @BigIntegerColumn()
  bytes!: number;

  @TimeColumn()
  createdAt!: Date;
}
