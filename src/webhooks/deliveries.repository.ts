import { Injectable } from '@nestjs/common';
import { LessThan, LessThanOrEqual, MoreThan, Not, type FindOptionsWhere } from 'typeorm';
import { NotFoundError } from '../common/errors.js';
import { countByStatus } from '../database/count-by-status.js';
import { findPage, type Page, type PageRequest } from '../database/pages.js';
import { findReadableRows } from '../database/readable-rows.js';
import { Transactions } from '../database/transactions.js';
import { afterAttempt, deliveryStatuses, type Delivery, type DeliveryAttempt } from './delivery.js';
import { DeliveryEntity } from './delivery.entity.js';

export type DeliveryFilter = Partial<Pick<Delivery, 'status' | 'runId'>>;

/** Deliveries in the database. */
@Injectable()
export class DeliveriesRepository {
  constructor(private readonly transactions: Transactions) {}

  /** @param stored is called after the current transaction is committed */
  async insert(delivery: Delivery, stored: () => void = () => undefined): Promise<void> {
    await this.transactions.run(async (manager) => {
      await manager.insert(DeliveryEntity, delivery as never);
      this.transactions.afterCommit(stored);
    });
  }

  /** Newest first. */
  page(query: PageRequest, filter: DeliveryFilter): Promise<Page<Delivery>> {
    return findPage(this.deliveries, query, filter as FindOptionsWhere<DeliveryEntity>);
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Delivery> {
    const delivery = await this.deliveries.findOneBy({ id });
    if (delivery) return delivery;
    throw new NotFoundError(`There is no delivery ${id}. GET /webhooks/deliveries lists them.`);
  }

  countByStatus(): Promise<Record<Delivery['status'], number>> {
    return countByStatus(this.deliveries, deliveryStatuses);
  }

  /** Returns deliveries that are due, the longest waiting first. */
  due(now: Date, most: number): Promise<Delivery[]> {
    return findReadableRows(this.deliveries, {
      where: { status: 'pending', nextAttemptAt: LessThanOrEqual(now) },
      order: { nextAttemptAt: 'ASC', id: 'ASC' },
      take: most,
    });
  }

  /** Returns the time of the next attempt after a given time; null if nothing waits. */
  async nextAttemptAfter(time: Date): Promise<Date | null> {
    const next = await this.deliveries.findOne({
      select: { id: true, nextAttemptAt: true },
      where: { status: 'pending', nextAttemptAt: MoreThan(time) },
      order: { nextAttemptAt: 'ASC' },
    });
    return next?.nextAttemptAt ?? null;
  }

  /**
   * Stores the result of an attempt.
   * @returns the updated delivery
   * @throws NotFoundError
   */
  record(id: string, attempt: DeliveryAttempt, retryAfterSeconds: number): Promise<Delivery> {
    return this.transactions.run(async (manager) => {
      const delivery = await this.get(id);
      const change = afterAttempt(delivery, attempt, retryAfterSeconds);
      await manager.update(DeliveryEntity, { id }, change as never);
      return { ...delivery, ...change };
    });
  }

  /**
   * Ends all pending deliveries without sending them.
   * @returns their number
   */
  async skipPending(): Promise<number> {
    const skipped = { status: 'skipped' as const, nextAttemptAt: null };
    const { affected } = await this.transactions.run((manager) =>
      manager.update(DeliveryEntity, { status: 'pending' }, skipped),
    );
    return affected ?? 0;
  }

  /** Deletes ended deliveries that were created before a time. */
  async deleteEnded(before: Date): Promise<void> {
    const where = { status: Not('pending' as const), createdAt: LessThan(before) };
    await this.transactions.run((manager) => manager.delete(DeliveryEntity, where));
  }

  private get deliveries() {
    return this.transactions.manager.getRepository(DeliveryEntity);
  }
}
