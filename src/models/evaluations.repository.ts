import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { countByStatus } from '../database/count-by-status.js';
import { findPage, type Page, type PageRequest } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import {
  evaluationStatuses,
  openEvaluationStatuses,
  type EvaluationStatus,
  type StoredEvaluation,
} from './evaluation-record.js';
import { EvaluationEntity } from './evaluation.entity.js';

const open = In(openEvaluationStatuses);

/** Evaluations in the database. */
@Injectable()
export class EvaluationsRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Fails on a foreign key if its model or data set is gone. */
  async insert(evaluation: StoredEvaluation): Promise<void> {
    await this.transactions.run((manager) => manager.insert(EvaluationEntity, evaluation as never));
  }

  find(id: string, modelId: string): Promise<StoredEvaluation | null> {
    return this.evaluations.findOneBy({ id, modelId });
  }

  /** The evaluations of a model, newest first. */
  page(modelId: string, query: PageRequest): Promise<Page<StoredEvaluation>> {
    return findPage(this.evaluations, query, { modelId });
  }

  /** The id of an unfinished evaluation with this data set or model. */
  async openOne(using: { datasetId: string } | { modelId: string }): Promise<string | null> {
    const where = { ...using, status: open };
    return (await this.evaluations.findOne({ select: { id: true }, where }))?.id ?? null;
  }

  countByStatus(): Promise<Record<EvaluationStatus, number>> {
    return countByStatus(this.evaluations, evaluationStatuses);
  }

  /** @returns whether it was queued */
  begin(id: string): Promise<boolean> {
    return this.update(id, ['queued'], { status: 'running' });
  }

  /** Ends an evaluation, unless it has ended already. */
  async end(
    id: string,
    change: Pick<StoredEvaluation, 'status'> & Partial<Pick<StoredEvaluation, 'result' | 'error'>>,
  ): Promise<void> {
    await this.update(id, openEvaluationStatuses, { ...change, finishedAt: new Date() });
  }

  /** Interrupts all unfinished evaluations in one query. */
  async interruptAll(): Promise<void> {
    const ended = { status: 'interrupted' as const, finishedAt: new Date() };
    await this.transactions.run((manager) => manager.update(EvaluationEntity, { status: open }, ended));
  }

  private update(
    id: string,
    from: readonly EvaluationStatus[],
    change: Partial<StoredEvaluation>,
  ): Promise<boolean> {
    return this.transactions.run(async (manager) => {
      const where = { id, status: In(from) };
      return Boolean((await manager.update(EvaluationEntity, where, change as never)).affected);
    });
  }

  private get evaluations() {
    return this.transactions.manager.getRepository(EvaluationEntity);
  }
}
