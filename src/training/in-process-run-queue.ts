import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { RunQueue } from './run-queue.js';
import { RunsRepository } from './runs.repository.js';

/** After an error of the queue itself (the disk is full, say): how long to wait before the next try, twice as long each time. */
const pauseAfterError = { first: 1000, longest: 30_000 };

/** The queue of a single process: the runs that the database shows as queued. */
@Injectable()
export class InProcessRunQueue extends RunQueue {
  private readonly logger = new Logger(InProcessRunQueue.name);
  private work: ((runId: string) => Promise<void>) | undefined;
  private busy = false;
  /** Whether a run may have come since the database was last asked. */
  private stale = true;
  private closed = false;

  constructor(private readonly runs: RunsRepository) {
    super();
  }

  add(): void {
    void this.handOut();
  }

  process(work: (runId: string) => Promise<void>): void {
    this.work = work;
    void this.handOut();
  }

  close(): void {
    this.closed = true;
  }

  private async handOut(): Promise<void> {
    this.stale = true;
    if (this.busy || !this.work) return;
    this.busy = true;
    let pause = pauseAfterError.first;
    while (this.stale && !this.closed) {
      this.stale = false;
      try {
        const runId = await this.runs.oldestQueued();
        if (runId === null || this.closed) continue;
        this.stale = true;
        await this.work(runId);
        pause = pauseAfterError.first;
      } catch (error) {
        this.logger.error(error);
        this.stale = true;
        await delay(pause, undefined, { ref: false });
        pause = Math.min(2 * pause, pauseAfterError.longest);
      }
    }
    this.busy = false;
  }
}
