import { Column, Entity, Index } from 'typeorm';
import { EnumColumn, IdColumn, JsonColumn, ReferenceColumn, TimeColumn } from '../database/columns.js';
import { deliveryStatuses, type DeliveryAttempt, type DeliveryStatus } from './delivery.js';

@Entity('webhook_deliveries')
@Index(['status', 'nextAttemptAt'])
export class DeliveryEntity {
  @IdColumn()
  id!: string;

  @Column({ type: 'varchar', length: 64 })
  type!: string;

  /** There is no foreign key because a delivery outlives its run. */
  @Index()
  @ReferenceColumn({ nullable: true })
  runId!: string | null;

  @EnumColumn(deliveryStatuses, { length: 16 })
  status!: DeliveryStatus;

  @Column({ type: 'text' })
  payload!: string;

  @JsonColumn()
  attempts!: DeliveryAttempt[];

  @TimeColumn({ nullable: true })
  nextAttemptAt!: Date | null;

  @TimeColumn()
  createdAt!: Date;
}
