import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Instruments } from '../metrics/instruments.js';
import type { TrainingInstruments } from '../metrics/training-instruments.js';
import { hasEnded, runStatuses, type Run } from './run.js';
import type { RunEvent } from './run-event.js';
import { RunsRepository } from './runs.repository.js';
import type { ProgressMessage } from './training-process.js';

/** Shows in the metrics how many runs there are of each status, how many wait, and what the run of this process does. */
@Injectable()
export class RunMetrics implements OnModuleInit {
  private readonly logger = new Logger(RunMetrics.name);
  private readonly training: TrainingInstruments;
  /** When the runs under way began, by the clock that never goes back. */
  private readonly begun = new Map<string, number>();

  constructor(
    private readonly runs: RunsRepository,
    instruments: Instruments,
  ) {
    this.training = instruments.training;
  }

  async onModuleInit(): Promise<void> {
    this.runs.onNews(({ runId, event }) => {
      if (event === null || event.type === 'status') void this.count();
      // A crash is stored as an interruption that counts it. One that is too many fails the run.
      if (event?.type === 'status' && event.data.status === 'interrupted' && event.data.restarts) {
        this.training.restarts.inc();
      }
      if (event && this.begun.has(runId)) this.receiveEvent(runId, event);
    });
    await this.count();
  }

  /** This process takes a run up. */
  begin({ id, attempt, createdAt, startedAt }: Run): void {
    this.begun.set(id, performance.now());
    if (attempt > 1) return;
    // By the clock, which may have been set back.
    this.training.queueSeconds.observe(Math.max(0, Number(startedAt) - Number(createdAt)) / 1000);
  }

  /** What is not stored for each step. */
  receive(message: ProgressMessage): void {
    if (message.type === 'step') this.training.recordStep({ ...message.data, examples: message.examples });
    if (message.type === 'checkpoint') {
      const { data, pausedMilliseconds } = message;
      this.training.recordCheckpoint({ bytes: data.bytes, pausedMilliseconds });
    }
    if (message.type === 'memory') this.training.recordMemory(message);
    if (message.type === 'usage') this.training.recordUsage(message);
  }

  crashed(): void {
    this.training.processCrashes.inc();
  }

  /** This process is done with a run. */
  end(runId: string): void {
    this.begun.delete(runId);
    this.training.end();
  }

  private receiveEvent(runId: string, { type, data }: RunEvent): void {
    if (type === 'phase') this.training.recordPhase(data.phase);
    if (type === 'evaluation') this.training.recordValidation(data.validation.mcc);
    if (type === 'status' && hasEnded(data.status)) {
      this.training.recordEnd(data.status, (performance.now() - this.begun.get(runId)!) / 1000);
    }
  }

  private async count(): Promise<void> {
    try {
      const counts = await this.runs.countByStatus();
      for (const status of runStatuses) this.training.runs.set({ status }, counts[status]);
      this.training.queueLength.set(counts.queued);
    } catch (error) {
      this.logger.error(`The runs could not be counted: ${(error as Error).message}`);
    }
  }
}
