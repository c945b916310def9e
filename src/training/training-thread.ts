import { SHARE_ENV, Worker, type ResourceLimits } from 'node:worker_threads';
import type { RunError } from './run.js';
import type { FinishedMessage, HostMessage, TrainingJob, WorkerMessage } from './worker/messages.js';

/** How a job ended. */
export type Outcome = FinishedMessage | { type: 'stopped' } | ({ type: 'failed' } & RunError) | Crash;

/** The thread did not fail by itself: it is dead. */
export type Crash = { type: 'crashed' } & RunError;

/** What a worker tells on its way there. */
export type ProgressMessage = Exclude<WorkerMessage, Outcome>;

export interface ThreadOptions {
  /** How long the worker may take to stop, or to end after its last word, before it is ended by force. */
  grace?: number;
  entry?: URL;
  resourceLimits?: ResourceLimits;
}

/** The worker thread of one job: it owns TensorFlow, so that this thread is free for requests. */
export class TrainingThread {
  /** Settles when the thread is gone, and never rejects: whatever goes wrong is an outcome. */
  readonly outcome: Promise<Outcome>;
  private readonly worker: Worker;
  private readonly grace: number;
  private forced: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(job: TrainingJob, listener: (message: ProgressMessage) => void, options: ThreadOptions = {}) {
    this.grace = options.grace ?? 60_000;
    this.worker = new Worker(options.entry ?? new URL('./worker/main.js', import.meta.url), {
      workerData: job,
      name: 'training',
      // TensorFlow reads its settings from the environment of the process, which a thread's own copy never reaches.
      env: SHARE_ENV,
      ...(options.resourceLimits ? { resourceLimits: options.resourceLimits } : {}),
    });
    this.outcome = new Promise((resolve) => {
      let outcome: Outcome | undefined;
      this.worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'finished' || message.type === 'stopped' || message.type === 'failed') {
          outcome ??= message;
          this.endByForce(this.grace);
          return;
        }
        try {
          listener(message);
        } catch (error) {
          // Thrown from here it would end the whole service.
          outcome ??= { type: 'crashed', ...describeCrash(error as Error) };
          void this.worker.terminate();
        }
      });
      this.worker.on('error', (error: NodeJS.ErrnoException) => {
        outcome ??= { type: 'crashed', ...describeCrash(error) };
      });
      this.worker.on('exit', (code) => {
        clearTimeout(this.forced);
        resolve(
          outcome ?? (this.stopping ? { type: 'stopped' } : { type: 'crashed', ...describeExit(code) }),
        );
      });
    });
  }

  /** Asks the worker to stop at the end of its step, and ends it by force if it takes too long, in milliseconds. */
  stop(grace = this.grace): void {
    this.stopping = true;
    this.worker.postMessage({ type: 'stop' } satisfies HostMessage);
    this.endByForce(grace);
  }

  private endByForce(grace: number): void {
    clearTimeout(this.forced);
    this.forced = setTimeout(() => void this.worker.terminate(), grace);
  }
}

const advice = 'Try a smaller batchSize, maxLength or baseModel, or give the service more memory.';

function describeCrash(error: NodeJS.ErrnoException): RunError {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { title: 'The training ran out of memory', detail: `${error.message}. ${advice}` };
  }
  return { title: 'The training thread crashed', detail: `${error.name}: ${error.message}` };
}

function describeExit(code: number): RunError {
  return {
    title: 'The training thread ended early',
    detail: `It exited with code ${code} and gave no reason; the log of the service may hold one. ${advice}`,
  };
}
