import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/**
 * The only way to write to the database. TypeORM has one SQLite connection: two transactions at once would become one,
 * and a rollback of one would take the other with it. So they run one after another. A `run` inside a `run` joins it.
 *
 * Keep the work short: no file is read and nothing is computed inside.
 */
@Injectable()
export class Transactions {
  private last: Promise<unknown> = Promise.resolve();
  private readonly current = new AsyncLocalStorage<{ manager: EntityManager; open: boolean }>();

  constructor(private readonly dataSource: DataSource) {}

  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const outer = this.current.getStore();
    if (outer?.open) return work(outer.manager);

    const result = this.last.then(() => this.dataSource.transaction((manager) => this.within(manager, work)));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async within<T>(manager: EntityManager, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const transaction = { manager, open: true };
    try {
      return await this.current.run(transaction, () => work(manager));
    } finally {
      // What the work started and did not wait for is no longer part of it.
      transaction.open = false;
      // While there is a store, Node follows every promise of the process: it would cost each prediction.
      this.current.disable();
    }
  }
}
