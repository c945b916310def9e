import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Settings } from '../config/settings.js';
import { RunQueue } from './run-queue.js';
import { RunsRepository } from './runs.repository.js';

/** After an error of the queue itself (the disk is full, say): how long to wait before the next try, twice as long each time. */
const pauseAfterError = { first: 1000, longest: 30_000 };

/** The queue of a single process: the runs that the database shows as queued. */
@Injectable()
export class InProcessRunQueue extends RunQueue {
  private readonly logger = new Logger(InProcessRunQueue.name);
  private work: ((runId: string) => Promise<boolean>) | undefined;
  /** Those that are being worked on. */
  private readonly underWay = new Set<string>();
  /** Those that wait until one of these has ended. */
  private readonly held = new Set<string>();
  private isLooking = false;
  /** Whether a run may have come since the database was last asked. */
  private stale = true;
  private pause = pauseAfterError.first;
  private closed = false;

  constructor(
    private readonly runs: RunsRepository,
    private readonly settings: Settings,
  ) {
    super();
  }

  add(): void {
    void this.handOut();
  }

  process(work: (runId: string) => Promise<boolean>): void {
    this.work = work;
    void this.handOut();
  }

  close(): void {
    this.closed = true;
  }

  /** Hands out runs as long as there are some and there is a place for them. */
  private async handOut(): Promise<void> {
    this.stale = true;
    if (this.isLooking || !this.work) return;
    this.isLooking = true;
    while (this.stale && !this.closed && this.underWay.size < this.settings.concurrentRuns) {
      this.stale = false;
      try {
        const runId = await this.runs.nextQueued([...this.underWay, ...this.held]);
        if (runId === null || this.closed) continue;
        this.stale = true;
        void this.workOn(runId);
      } catch (error) {
        await this.wait(error);
      }
    }
    this.isLooking = false;
  }

  private async workOn(runId: string): Promise<void> {
    this.underWay.add(runId);
    let waits = false;
    try {
      waits = await this.work!(runId);
      this.pause = pauseAfterError.first;
    } catch (error) {
      await this.wait(error);
    } finally {
      this.underWay.delete(runId);
    }
    if (waits && this.underWay.size > 0) this.held.add(runId);
    else this.held.clear();
    await this.handOut();
  }

  private async wait(error: unknown): Promise<void> {
    this.logger.error(error);
    this.stale = true;
    await delay(this.pause, undefined, { ref: false });
    this.pause = Math.min(2 * this.pause, pauseAfterError.longest);
  }
}
