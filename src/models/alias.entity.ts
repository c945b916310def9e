import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ReferenceColumn, TimeColumn } from '../database/columns.js';

@Entity('aliases')
export class AliasEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  name!: string;

  @Index()
  @ForeignKey('ModelVersionEntity', { onDelete: 'RESTRICT' })
  @ReferenceColumn()
  modelId!: string;

  @TimeColumn()
  updatedAt!: Date;
}
