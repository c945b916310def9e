import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { JsonColumn, TimeColumn } from '../database/columns.js';
import { LONGEST_IDEMPOTENCY_KEY } from './idempotency-key.js';

/** The answer to the first request with a key. */
@Entity('idempotent_answers')
export class StoredAnswerEntity {
  /** Name of the API key; empty if the service needs none. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  client!: string;

  /** Method and path template. */
  @PrimaryColumn({ type: 'varchar', length: 100 })
  route!: string;

  @PrimaryColumn({ type: 'varchar', length: LONGEST_IDEMPOTENCY_KEY })
  key!: string;

  @Column({ type: 'varchar', length: 64 })
  fingerprint!: string;

  @Column({ type: 'integer' })
  status!: number;

  @Column({ type: 'varchar', length: 200 })
  location!: string;

  @JsonColumn()
  body!: object;

  @Index()
  @TimeColumn()
  expiresAt!: Date;
}
