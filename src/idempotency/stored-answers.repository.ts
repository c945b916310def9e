import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, MoreThan } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { StoredAnswerEntity } from './stored-answer.entity.js';

/** What a key belongs to. The same text from another client or on another route is a different key. */
export type KeyScope = Pick<StoredAnswerEntity, 'client' | 'route' | 'key'>;

export type StoredAnswer = Omit<StoredAnswerEntity, keyof KeyScope>;

/** Answers in the database. */
@Injectable()
export class StoredAnswersRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Finds an answer that has not expired. */
  find(scope: KeyScope): Promise<StoredAnswer | null> {
    const where = { ...scope, expiresAt: MoreThan(new Date()) };
    return this.transactions.manager.getRepository(StoredAnswerEntity).findOneBy(where);
  }

  /** Fails with a primary key error if the key already has an answer that has not expired. */
  async insert(scope: KeyScope, answer: StoredAnswer): Promise<void> {
    await this.transactions.run(async (manager) => {
      await manager.delete(StoredAnswerEntity, { ...scope, expiresAt: LessThanOrEqual(new Date()) });
      await manager.insert(StoredAnswerEntity, { ...scope, ...answer } as never);
    });
  }

  async deleteExpired(): Promise<void> {
    await this.transactions.runDeletion((manager) =>
      manager.delete(StoredAnswerEntity, { expiresAt: LessThanOrEqual(new Date()) }),
    );
  }
}
