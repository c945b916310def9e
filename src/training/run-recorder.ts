import { Logger } from '@nestjs/common';
import { Throttle } from '../common/throttle.js';
import type { Run } from './run.js';
import { effectOf, type RunUpdate } from './run-event.js';
import { ClaimLostError, type Claim, type RunsRepository } from './runs.repository.js';
import type { EvaluationMessage, ResumedMessage } from './worker/messages.js';

/** Milliseconds between two that are stored of a kind: a small model does a hundred steps a second. */
const STORE_INTERVAL = 500;

/** Stores what the worker of a run tells, in the order in which it tells it. */
export class RunRecorder {
  private written: Promise<unknown> = Promise.resolve();
  private readonly logger = new Logger(RunRecorder.name);
  /** Of what follows quickly, the latest is stored now and then. */
  private readonly throttles = {
    step: this.throttle(),
    download: this.throttle(),
    progress: this.throttle(),
  };

  /**
   * @param run as it is now; kept up to date with what is told, whether or not that could be stored
   * @param onClaimLost called where somebody else works on the run by now
   */
  constructor(
    readonly run: Run,
    private readonly claim: Claim,
    private readonly runs: RunsRepository,
    private readonly onClaimLost: () => void,
  ) {}

  receive(update: RunUpdate | EvaluationMessage | ResumedMessage): void {
    if (update.type in this.throttles) {
      return this.throttles[update.type as keyof typeof this.throttles].offer(update);
    }
    void this.record(update);
  }

  /** @returns whether it was stored */
  record(update: RunUpdate | EvaluationMessage | ResumedMessage): Promise<boolean> {
    // What comes in between keeps its place: the last step of an epoch is stored before the epoch.
    this.flush();
    return this.store(update);
  }

  /** Settles when everything told so far is stored. */
  async close(): Promise<void> {
    this.flush();
    for (const throttle of Object.values(this.throttles)) throttle.close();
    await this.written;
  }

  private throttle(): Throttle<RunUpdate> {
    return new Throttle<RunUpdate>(STORE_INTERVAL, (update) => void this.store(update));
  }

  private flush(): void {
    for (const throttle of Object.values(this.throttles)) throttle.flush();
  }

  private store(update: RunUpdate | EvaluationMessage | ResumedMessage): Promise<boolean> {
    const changes = effectOf(update, this.run);
    Object.assign(this.run, changes);
    const stored = this.written
      .then(() => this.write(update, changes))
      .then(
        () => true,
        (error: Error) => {
          // The training is worth more than a note of its progress: it goes on, and its end is stored with care.
          const { runId } = this.claim;
          this.logger.error(`Run ${runId}: ${update.type} could not be stored: ${error.message}`, { runId });
          if (error instanceof ClaimLostError) this.onClaimLost();
          return false;
        },
      );
    this.written = stored;
    return stored;
  }

  private async write(
    update: RunUpdate | EvaluationMessage | ResumedMessage,
    changes: Partial<Run>,
  ): Promise<void> {
    if (update.type === 'status') {
      if (!(await this.runs.transition(this.claim.runId, update.data, this.claim))) {
        throw new ClaimLostError(this.claim);
      }
      return;
    }
    const event = update.type === 'progress' ? undefined : { type: update.type, data: update.data };
    const judgements = 'judgements' in update ? update.judgements : undefined;
    await this.runs.record(this.claim, changes, event as never, judgements);
  }
}
