import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Optional } from '@nestjs/common';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type EntityManager } from 'typeorm';
import { isSpaceError } from '../common/disk-errors.js';
import { SpaceReserve } from '../storage/space-reserve.js';

/**
 * The only way to write to the database. TypeORM has one SQLite connection: two concurrent transactions would
 * become one, and a rollback of one would roll back the other. So transactions run one after another. A `run`
 * inside a `run` joins it.
 *
 * Keep the work short. Read no files and compute nothing inside.
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

  /** The manager of the current transaction, or one without a transaction. */
  get manager(): EntityManager {
    const transaction = this.current.getStore();
    return transaction?.open ? transaction.manager : this.dataSource.manager;
  }

  /**
   * Runs `act` after the outermost transaction is committed, and never if it is rolled back. Call it within
   * `run`.
   */
  afterCommit(act: () => void): void {
    const transaction = this.current.getStore();
    if (!transaction?.open) throw new Error('This is a bug: there is no transaction to wait for.');
    transaction.afterCommit.push(act);
  }

  /**
   * Like `run`, for work that frees space. On a full disk it spends the space reserve and runs the work
   * again.
   */
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
   * Some errors, especially of a full disk, make SQLite end the transaction itself. TypeORM then cannot end
   * it and still counts it as open. Later transactions would be nested in it and might never be committed.
   */
  private endFailed(): void {
    const { databaseConnection } = this.dataSource.driver as unknown as {
      databaseConnection: BetterSqlite3.Database;
    };
    if (databaseConnection.inTransaction) databaseConnection.exec('ROLLBACK');
    // The one connection has one query runner.
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
      // Work that was started but not awaited is no longer part of the transaction.
      transaction.open = false;
      // While a store exists, Node tracks every promise of the process, which would slow down predictions.
      this.current.disable();
    }
  }
}
