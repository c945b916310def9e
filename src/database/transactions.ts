import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Optional } from '@nestjs/common';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type EntityManager } from 'typeorm';
import { isSpaceError } from '../common/disk-errors.js';
import { SpaceReserve } from '../storage/space-reserve.js';

/**
 * The only way to write to the database. TypeORM has one SQLite connection: two transactions at once would become one,
 * and a rollback of one would take the other with it. So they run one after another. A `run` inside a `run` joins it.
 *
 * Keep the work short: no file is read and nothing is computed inside.
 */
@Injectable()
export class Transactions {
  private last: Promise<unknown> = Promise.resolve();
  private readonly current = new AsyncLocalStorage<{
    manager: EntityManager;
    open: boolean;
    afterCommit: (() => void)[];
  }>();

  constructor(
    private readonly dataSource: DataSource,
    @Optional() private readonly reserve?: SpaceReserve,
  ) {}

  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const outer = this.current.getStore();
    if (outer?.open) return work(outer.manager);

    const afterCommit: (() => void)[] = [];
    const result = this.last.then(() =>
      this.dataSource.transaction((manager) => this.within(manager, work, afterCommit)),
    );
    this.last = result.catch(() => this.endFailed()).catch(() => undefined);
    return result.then((value) => {
      for (const act of afterCommit) act();
      return value;
    });
  }

  /** That of the transaction under way; outside of one, what reads without any. */
  get manager(): EntityManager {
    const transaction = this.current.getStore();
    return transaction?.open ? transaction.manager : this.dataSource.manager;
  }

  /** Acts once the transaction that is under way is committed, the outermost one; never if it is rolled back. To be called within `run`. */
  afterCommit(act: () => void): void {
    const transaction = this.current.getStore();
    if (!transaction?.open) throw new Error('This is a bug: there is no transaction to wait for.');
    transaction.afterCommit.push(act);
  }

  /** As `run`, for work that makes room: where the disk is full it gets the space that is kept for that, and is done a second time. */
  async runDeletion<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.run(work);
    } catch (error) {
      if (!this.reserve || !isSpaceError(error)) throw error;
      this.reserve.spend();
      return await this.run(work);
    }
  }

  /**
   * Some errors, of a full disk above all, make SQLite end the transaction by itself. TypeORM then cannot end it any more and goes on
   * counting it as open: what follows would be nested in it, and one day never be committed.
   */
  private endFailed(): void {
    const { databaseConnection } = this.dataSource.driver as unknown as {
      databaseConnection: BetterSqlite3.Database;
    };
    if (databaseConnection.inTransaction) databaseConnection.exec('ROLLBACK');
    // There is one for the one connection.
    Object.assign(this.dataSource.createQueryRunner(), { isTransactionActive: false, transactionDepth: 0 });
  }

  private async within<T>(
    manager: EntityManager,
    work: (manager: EntityManager) => Promise<T>,
    afterCommit: (() => void)[],
  ): Promise<T> {
    const transaction = { manager, open: true, afterCommit };
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
