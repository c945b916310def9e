import { Injectable, Logger } from '@nestjs/common';
import { performance } from 'node:perf_hooks';
import { TrainingProcess } from './training-process.js';
import type { ProbedMessage, ProbeJob } from './worker/messages.js';

const probeThread = new URL('./worker/probe.js', import.meta.url);

/** Longer than any that is of use: whoever asks is waiting. */
const MOST_SECONDS = 60;

/** Results that are remembered: of a few base models with a few sizes of batches. */
const MOST_RESULTS = 50;

/** Measures, in a process of its own, how fast a training would go. One at a time, and none beside a run. */
@Injectable()
export class TrainingProbes {
  private readonly logger = new Logger(TrainingProbes.name);
  private readonly results = new Map<string, ProbedMessage>();
  private last: Promise<unknown> = Promise.resolve();
  private process: TrainingProcess | undefined;
  private mayProbe = true;

  /** @returns null where it could not be measured: a run begins or is under way, or the process failed, as the log says */
  measure(job: ProbeJob): Promise<ProbedMessage | null> {
    const asked = this.last.then(() => this.measured(job));
    this.last = asked;
    return asked;
  }

  /** What was measured before; null where nothing was. */
  known(job: ProbeJob): ProbedMessage | null {
    return this.results.get(keyOf(job)) ?? null;
  }

  /** A run begins: it gets the processors and the memory, and its times are not disturbed. */
  async giveWay(): Promise<void> {
    this.mayProbe = false;
    this.process?.stop({ grace: 0 });
    await this.process?.outcome;
  }

  /** No run is under way any more. */
  goOn(): void {
    this.mayProbe = true;
  }

  private async measured(job: ProbeJob): Promise<ProbedMessage | null> {
    const known = this.known(job);
    if (known) return known;
    if (!this.mayProbe) return null;
    const since = performance.now();
    this.process = new TrainingProcess(job, () => undefined, { entry: probeThread });
    const timeout = setTimeout(() => this.process?.stop({ grace: 0 }), MOST_SECONDS * 1000);
    const outcome = await this.process.outcome;
    clearTimeout(timeout);
    this.process = undefined;
    if (outcome.type !== 'probed') {
      const why = 'message' in outcome ? `: ${outcome.message}` : '';
      this.logger.warn(`The speed of a training could not be measured (${outcome.type})${why}`);
      return null;
    }
    this.logger.log(
      `Measured the speed of a training in ${((performance.now() - since) / 1000).toFixed(1)} s`,
    );
    if (this.results.size >= MOST_RESULTS) this.results.delete(this.results.keys().next().value!);
    this.results.set(keyOf(job), outcome);
    return outcome;
  }
}

function keyOf(job: ProbeJob): string {
  return JSON.stringify(job);
}
