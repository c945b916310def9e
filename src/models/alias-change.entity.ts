import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { ReferenceColumn, TimeColumn } from '../database/columns.js';

/** History outlives the versions that it names, so it has no foreign keys. */
@Entity('alias_changes')
export class AliasChangeEntity {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Index()
  @Column({ type: 'varchar', length: 64 })
  name!: string;

  /** null if the alias was removed. */
  @ReferenceColumn({ nullable: true })
  modelId!: string | null;

  @ReferenceColumn({ nullable: true })
  previousModelId!: string | null;

  @Column({ type: 'text' })
  reason!: string;

  @TimeColumn()
  createdAt!: Date;
}
