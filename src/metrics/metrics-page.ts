import { Injectable, Logger } from '@nestjs/common';
import { Instruments, type ScrapeTask } from './instruments.js';

/** The page that Prometheus scrapes, on either port. */
@Injectable()
export class MetricsPage {
  static readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  private readonly logger = new Logger(MetricsPage.name);
  /** The last error of each failing task. It is logged once, because the page is requested twice a minute. */
  private readonly failures = new Map<ScrapeTask, string>();

  constructor(private readonly instruments: Instruments) {}

  async text(): Promise<string> {
    await Promise.all(this.instruments.scrapeTasks.map((task) => this.carryOut(task)));
    return this.instruments.registry.metrics();
  }

  /** A failing task, such as one for a disk that does not answer, must not hide the other metrics. */
  private async carryOut(task: ScrapeTask): Promise<void> {
    try {
      await task();
      this.failures.delete(task);
    } catch (error) {
      const { message, stack } = error as Error;
      if (this.failures.get(task) === message) return;
      this.failures.set(task, message);
      this.logger.error(`Some metrics are not up to date: ${message}`, stack);
    }
  }
}
