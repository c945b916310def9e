import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { RequestInProgressError } from '../common/errors.js';
import { isUniqueViolation } from '../database/constraint-errors.js';
import { fingerprintOf } from './request-fingerprint.js';
import { StoredAnswersRepository, type KeyScope, type StoredAnswer } from './stored-answers.repository.js';

const HOUR_MS = 3_600_000;

/** Time during which a key returns its first answer. */
export const KEY_LIFETIME_MS = 24 * HOUR_MS;

/**
 * Gives a repeated request with the same key the first answer. The answer is stored in the transaction that
 * stores the result of the request, so neither exists without the other. Requests in progress are known only
 * to this process. They end with it.
 */
@Injectable()
export class IdempotencyService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(IdempotencyService.name);
  private readonly scopes = new WeakMap<FastifyRequest, KeyScope>();
  private readonly inProgress = new Set<string>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly answers: StoredAnswersRepository) {}

  async onModuleInit(): Promise<void> {
    await this.sweep();
    this.sweeper = setInterval(() => void this.sweep(), HOUR_MS);
    this.sweeper.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
  }

  /**
   * @returns the answer to the first request with this key. Null if this is the first, which then counts as
   * in progress until `end`.
   * @throws RequestInProgressError
   */
  async begin(request: FastifyRequest, scope: KeyScope): Promise<StoredAnswer | null> {
    const known = await this.answers.find(scope);
    if (known) return known;
    const id = idOf(scope);
    if (this.inProgress.has(id)) throw new RequestInProgressError();
    this.inProgress.add(id);
    this.scopes.set(request, scope);
    try {
      // Another request may have ended during the first lookup.
      const ended = await this.answers.find(scope);
      if (ended) this.end(request);
      return ended;
    } catch (error) {
      this.end(request);
      throw error;
    }
  }

  /**
   * Stores the answer to a request that has a key. Call it in the transaction that stores the result of the
   * request, after the whole body has been read.
   */
  async remember(
    request: FastifyRequest,
    answer: Pick<StoredAnswer, 'status' | 'location' | 'body'>,
  ): Promise<void> {
    const scope = this.scopes.get(request);
    if (!scope) return;
    const fingerprint = fingerprintOf(request);
    const expiresAt = new Date(Date.now() + KEY_LIFETIME_MS);
    try {
      await this.answers.insert(scope, { ...answer, fingerprint, expiresAt });
    } catch (error) {
      // Another process on the same database has stored an answer for this key.
      throw isUniqueViolation(error) ? new RequestInProgressError() : error;
    }
  }

  /** Call this when the request has been answered or has failed. */
  end(request: FastifyRequest): void {
    const scope = this.scopes.get(request);
    if (scope) this.inProgress.delete(idOf(scope));
    this.scopes.delete(request);
  }

  private async sweep(): Promise<void> {
    await this.answers.deleteExpired().catch((error: Error) => {
      this.logger.error(`Expired idempotency keys could not be deleted: ${error.message}`, error.stack);
    });
  }
}

function idOf({ client, route, key }: KeyScope): string {
  return JSON.stringify([client, route, key]);
}
