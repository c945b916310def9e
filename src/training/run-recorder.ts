import { Logger } from '@nestjs/common';
import { Throttle } from '../common/throttle.js';
import type { Run } from './run.js';
import { effectOf, type RunUpdate } from './run-event.js';
import type { RunsRepository } from './runs.repository.js';
import type { EvaluationMessage } from './worker/messages.js';

/** Milliseconds between two that are stored of a kind: a small model does a hundred steps a second. */
const STORE_INTERVAL = 500;

/** Stores what the worker of a run tells, in the order in which it tells it. */
export class RunRecorder {
  private written: Promise<void> = Promise.resolve();
  private readonly logger = new Logger(RunRecorder.name);
  /** Of what follows quickly, the latest is stored now and then. */
  private readonly throttles = {
    step: this.throttle(),
    download: this.throttle(),
    progress: this.throttle(),
  };

  /** @param run as it is now; kept up to date with what is told, whether or not that could be stored */
  constructor(
    readonly run: Run,
    private readonly runs: RunsRepository,
  ) {}

  receive(update: RunUpdate | EvaluationMessage): void {
    if (update.type in this.throttles) {
      return this.throttles[update.type as keyof typeof this.throttles].offer(update);
    }
    // What comes in between keeps its place: the last step of an epoch is stored before the epoch.
    this.flush();
    this.store(update);
  }

  /** Settles when everything told so far is stored. */
  async close(): Promise<void> {
    this.flush();
    for (const throttle of Object.values(this.throttles)) throttle.close();
    await this.written;
  }

  private throttle(): Throttle<RunUpdate> {
    return new Throttle<RunUpdate>(STORE_INTERVAL, (update) => this.store(update));
  }

  private flush(): void {
    for (const throttle of Object.values(this.throttles)) throttle.flush();
  }

  private store(update: RunUpdate | EvaluationMessage): void {
    const { id } = this.run;
    const changes = effectOf(update, this.run);
    Object.assign(this.run, changes);
    const event = update.type === 'progress' ? undefined : update;
    const judgements = 'judgements' in update ? update.judgements : undefined;
    this.written = this.written
      .then(() => this.runs.record(id, changes, event, judgements))
      // The training is worth more than a note of its progress: it goes on, and its end is stored with care.
      .catch((error: Error) =>
        this.logger.error(`Run ${id}: ${update.type} could not be stored: ${error.message}`, { runId: id }),
      );
  }
}
