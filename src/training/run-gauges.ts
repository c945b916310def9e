import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Instruments } from '../metrics/instruments.js';
import { runStatuses } from './run.js';
import { RunsRepository } from './runs.repository.js';

/** Shows in the metrics how many runs there are of each status, and how many wait. */
@Injectable()
export class RunGauges implements OnModuleInit {
  private readonly logger = new Logger(RunGauges.name);

  constructor(
    private readonly runs: RunsRepository,
    private readonly instruments: Instruments,
  ) {}

  async onModuleInit(): Promise<void> {
    this.runs.onNews(({ event }) => {
      if (event === null || event.type === 'status') void this.refresh();
    });
    await this.refresh();
  }

  private async refresh(): Promise<void> {
    try {
      const counts = await this.runs.countByStatus();
      for (const status of runStatuses) this.instruments.training.runs.set({ status }, counts[status]);
      this.instruments.training.queueLength.set(counts.queued);
    } catch (error) {
      this.logger.error(`The runs could not be counted: ${(error as Error).message}`);
    }
  }
}
