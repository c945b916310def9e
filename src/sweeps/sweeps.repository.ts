import { Injectable } from '@nestjs/common';
import { In, type FindOptionsWhere } from 'typeorm';
import { NotFoundError } from '../common/errors.js';
import { countByStatus } from '../database/count-by-status.js';
import { findPage, type Page, type PageRequest } from '../database/pages.js';
import { findReadableRows } from '../database/readable-rows.js';
import { Transactions } from '../database/transactions.js';
import {
  hasEnded,
  predecessors,
  sweepStatuses,
  type Sweep,
  type SweepStatus,
  type SweepSummary,
} from './sweep.js';
import { sweepDetails, SweepEntity } from './sweep.entity.js';

/** Sweeps in the database. */
@Injectable()
export class SweepsRepository {
  constructor(private readonly transactions: Transactions) {}

  async insert(sweep: Sweep): Promise<void> {
    await this.transactions.run((manager) => manager.insert(SweepEntity, sweep as never));
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Sweep> {
    const sweep = await this.sweeps.findOneBy({ id });
    return sweep ?? noSuchSweep(id);
  }

  /** Newest first. */
  page(query: PageRequest, status?: SweepStatus): Promise<Page<SweepSummary>> {
    return findPage(this.sweeps, query, status ? { status } : {}, sweepDetails);
  }

  countByStatus(): Promise<Record<SweepStatus, number>> {
    return countByStatus(this.sweeps, sweepStatuses);
  }

  /** The ids of those that have not ended, oldest first. */
  async open(): Promise<string[]> {
    const where = { status: In(sweepStatuses.filter((status) => !hasEnded(status))) };
    const found = await this.sweeps.find({ select: { id: true }, where, order: { id: 'ASC' } });
    return found.map(({ id }) => id);
  }

  /** The oldest that trains or validates on a dataset; null where none does. */
  async userOfDataset(datasetId: string): Promise<string | null> {
    const where: FindOptionsWhere<SweepEntity>[] = [{ datasetId }, { validationDatasetId: datasetId }];
    const [first] = await findReadableRows(this.sweeps, { where, order: { id: 'ASC' }, take: 1 });
    return first?.id ?? null;
  }

  /**
   * Brings a sweep to another status, if it may come there from the one it has now.
   * @returns whether it did
   */
  async transition(
    id: string,
    status: SweepStatus,
    changes: Partial<Pick<Sweep, 'error'>> = {},
  ): Promise<boolean> {
    const finishedAt = hasEnded(status) ? { finishedAt: new Date() } : {};
    const { affected } = await this.transactions.run((manager) =>
      manager.update(SweepEntity, { id, status: In(predecessors(status)) }, {
        status,
        ...finishedAt,
        ...changes,
      } as never),
    );
    return Boolean(affected);
  }

  async setBest(id: string, bestRunId: string | null): Promise<void> {
    await this.transactions.run((manager) => manager.update(SweepEntity, { id }, { bestRunId }));
  }

  async delete(id: string): Promise<void> {
    await this.transactions.runDeletion((manager) => manager.delete(SweepEntity, { id }));
  }

  private get sweeps() {
    return this.transactions.manager.getRepository(SweepEntity);
  }
}

function noSuchSweep(id: string): never {
  throw new NotFoundError(`There is no sweep ${id}. GET /sweeps lists them.`);
}
