import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  ConflictError,
  DomainError,
  ignoring,
  InsufficientStorageError,
  NotFoundError,
  TooManyRequestsError,
} from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { Transactions } from '../database/transactions.js';
import { ModelsService } from '../models/models.service.js';
import type { Run } from '../training/run.js';
import type { TrainingRequest } from '../training/training-request.js';
import { TrainingService } from '../training/training.service.js';
import { bestRunOf, runsToKeep } from './results.js';
import { nextActions, pausedWithSweep, type Action } from './schedule.js';
import { requestOf } from './search.js';
import { hasEnded, type Sweep } from './sweep.js';
import type { SweepError } from './sweep-error.js';
import { SweepsRepository } from './sweeps.repository.js';

/** How long to wait before what could not be done is tried again: the queue is full, say, or the disk. */
const PAUSE_MS = 10_000;

/**
 * Carries sweeps out: starts their runs and ends them. It keeps nothing in memory that the database does not know: after each news of a run
 * it looks at what is stored and does what is next, so a service that was killed goes on where it was.
 */
@Injectable()
export class SweepScheduler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SweepScheduler.name);
  private readonly waiting = new Set<string>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private last: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(
    private readonly sweeps: SweepsRepository,
    private readonly training: TrainingService,
    private readonly models: ModelsService,
    private readonly transactions: Transactions,
    private readonly settings: Settings,
  ) {
    training.onNews(({ runId, event }) => {
      if (event?.type === 'status') this.later(() => this.wakeForRun(runId));
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const id of await this.sweeps.open()) this.wake(id);
  }

  onModuleDestroy(): void {
    this.isClosed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** Has a sweep looked at soon. */
  wake(id: string): void {
    if (this.waiting.has(id)) return;
    this.waiting.add(id);
    this.later(async () => {
      this.waiting.delete(id);
      await this.advance(id);
    });
  }

  /** Does something while no sweep is looked at. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private later(work: () => Promise<void>): void {
    void this.alone(async () => {
      if (!this.isClosed) await work();
    }).catch((error: Error) => this.logger.error(error.message, error.stack));
  }

  private async wakeForRun(runId: string): Promise<void> {
    const sweepId = await this.training.sweepOf(runId);
    if (sweepId !== null) this.wake(sweepId);
  }

  private async advance(id: string): Promise<void> {
    try {
      const sweep = await this.sweeps.get(id);
      if (hasEnded(sweep.status)) return;
      const runs = await this.training.ofSweep(id);
      const best = bestRunOf(sweep, runs);
      if (best !== sweep.bestRunId) await this.sweeps.setBest(id, best);
      await this.removeModels(sweep, runs);
      const parallel = this.settings.concurrentRuns;
      for (const action of nextActions(sweep, runs, { parallel, now: new Date() })) {
        await this.act(sweep, runs, action);
      }
    } catch (error) {
      if (error instanceof NotFoundError) return;
      this.logger.warn(`Sweep ${id} waits: ${(error as Error).message}`, { sweepId: id });
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        this.wake(id);
      }, PAUSE_MS);
      this.timers.add(timer.unref());
    }
  }

  private async act(sweep: Sweep, runs: readonly Run[], action: Action): Promise<void> {
    switch (action.type) {
      case 'start':
        return this.start(sweep, action.trial);
      // One that registers its model ends by itself, and one that somebody else has changed meanwhile is looked at again.
      case 'pause':
        await this.training.pause(action.runId, pausedWithSweep).catch(ignoring(ConflictError));
        return;
      case 'resume': {
        const { runId, pauseAfterEpoch, reason } = action;
        await this.training.resume(runId, pauseAfterEpoch, reason).catch(ignoring(ConflictError));
        return;
      }
      case 'cancel':
        await this.training.cancel(action.runId, action.reason).catch(ignoring(ConflictError));
        return;
      case 'end':
        return this.end(sweep, runs, action);
    }
  }

  private async start(sweep: Sweep, trial: number): Promise<void> {
    const request: TrainingRequest = {
      ...requestOf(sweep, sweep.trials[trial]!),
      sweep: { id: sweep.id, trial },
    };
    try {
      await this.training.create(request);
    } catch (error) {
      if (isPassing(error)) throw error;
      await this.end(sweep, await this.training.ofSweep(sweep.id), {
        status: 'failed',
        error: {
          code: 'run-not-started',
          message: `A run could not be started. ${(error as DomainError).message}`,
          param: null,
        },
      });
    }
  }

  private async end(
    sweep: Sweep,
    runs: readonly Run[],
    { status, error }: { status: 'succeeded' | 'failed' | 'cancelled'; error?: SweepError },
  ): Promise<void> {
    await this.removeModels({ ...sweep, status }, runs);
    const bestRunId = bestRunOf(sweep, runs);
    const modelId = runs.find(({ id }) => id === bestRunId)?.modelId ?? null;
    // The sweep has ended and its best model is promoted, or neither.
    await this.transactions.run(async () => {
      const changes = { ...(error && { error }) };
      if (!(await this.sweeps.transition(sweep.id, status, changes))) return;
      if (status !== 'succeeded' || modelId === null || sweep.promote === 'never') return;
      const because = `It is the best of sweep ${sweep.id}.`;
      await this.models.promote(modelId, sweep.promote, because).catch(ignoring(NotFoundError));
    });
    const told = error ? `: ${error.message}` : bestRunId ? `; ${bestRunId} is the best run` : '';
    this.logger.log(`Sweep ${sweep.id} ${status}${told}`, { sweepId: sweep.id });
  }

  /** A model of BERT-base takes 600 MB: what cannot be the best any more goes. */
  private async removeModels(sweep: Sweep, runs: readonly Run[]): Promise<void> {
    const kept = runsToKeep(sweep, runs);
    for (const { id, modelId } of runs) {
      if (modelId === null || kept.has(id)) continue;
      try {
        await this.models.delete(modelId).catch(ignoring(NotFoundError));
      } catch (error) {
        // An alias points to it, or it is being evaluated: somebody wants it.
        if (error instanceof ConflictError) continue;
        throw error;
      }
      await this.training.forgetModel(id);
    }
  }
}

/** Whether it may be otherwise later. */
function isPassing(error: unknown): boolean {
  return (
    !(error instanceof DomainError) ||
    error instanceof TooManyRequestsError ||
    error instanceof ConflictError ||
    error instanceof InsufficientStorageError
  );
}
