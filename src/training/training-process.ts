import { fork, type ChildProcess } from 'node:child_process';
import type { ResourceLimits } from 'node:worker_threads';
import { tensorFlowEnvironment } from '../bert/engines/tensorflow/environment.js';
import { asSentence } from './advice.js';
import { ProcessOutput, type OutputSource } from './process-output.js';
import { runError } from './run-error.js';
import { describeCrash, describeExit, endingSignals } from './worker/crash.js';
import type {
  Crash,
  HostMessage,
  LastWord,
  ProbeJob,
  ProcessMessage,
  ProcessUsage,
  TrainingJob,
} from './worker/messages.js';

const trainingThread = new URL('./worker/thread.js', import.meta.url);

/** How a job ended. */
export type Outcome = LastWord | Crash;

/** What a training tells on its way there. */
export type ProgressMessage = Exclude<ProcessMessage, Outcome>;

export interface ProcessOptions {
  /** Told the first lines that it prints, for the log of the service. */
  log?: (line: string) => void;
  /** Told every line that it prints. */
  print?: (line: string, source: OutputSource) => void;
  /** How long the training may take to stop before it is ended by force. */
  grace?: number;
  /** The code of its thread; that of a training unless given. */
  entry?: URL;
  resourceLimits?: ResourceLimits;
}

/**
 * The process of one job. A thread of it owns TensorFlow; whatever happens there, the service goes on answering, and all memory goes
 * back to the system in the end. The process ends itself where this one is gone, however it went.
 */
export class TrainingProcess {
  /** Settles when the process is gone, and never rejects: whatever goes wrong is an outcome. */
  readonly outcome: Promise<Outcome>;
  /** Undefined where none could be started. */
  readonly pid: number | undefined;
  private readonly child: ChildProcess;
  private readonly grace: number;
  private usage: ProcessUsage | undefined;
  private forced: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(
    job: TrainingJob | ProbeJob,
    listener: (message: ProgressMessage) => void,
    options: ProcessOptions = {},
  ) {
    const { log = () => undefined, print, grace = 60_000, entry = trainingThread, resourceLimits } = options;
    this.grace = grace;
    this.child = fork(new URL('./worker/main.js', import.meta.url), [], {
      // Numbers that JSON has not come through (a loss may be infinite).
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: trainingEnvironment(process.env),
      // A debugger has one process on its port.
      execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
    });
    this.pid = this.child.pid;
    const output = new ProcessOutput(log, print);
    output.follow(this.child.stdout!, 'stdout');
    output.follow(this.child.stderr!, 'stderr');
    this.outcome = this.untilGone(listener, output);
    this.send({
      type: 'start',
      job,
      entry: entry.href,
      ...(resourceLimits && { resourceLimits }),
    });
  }

  /** What it holds in memory, as it told last; nothing once it is gone. */
  get residentBytes(): number {
    return this.usage?.residentBytes ?? 0;
  }

  /**
   * Asks the training to stop at the end of its step.
   * @param checkpoint whether it is to store its state first
   * @param grace milliseconds after which the process is ended by force
   */
  stop({ checkpoint = false, grace = this.grace }: { checkpoint?: boolean; grace?: number } = {}): void {
    this.stopping = true;
    this.send({ type: 'stop', checkpoint });
    clearTimeout(this.forced);
    this.forced = setTimeout(() => this.kill(), grace).unref();
  }

  /** Tells where the next checkpoint goes. */
  goOnIn(checkpointFolder: string): void {
    this.send({ type: 'checkpointFolder', path: checkpointFolder });
  }

  private untilGone(listener: (message: ProgressMessage) => void, output: ProcessOutput): Promise<Outcome> {
    return new Promise((resolve) => {
      let outcome: Outcome | undefined;
      const settle = (how: Outcome) => {
        outcome ??= how.type === 'crashed' && this.stopping ? { type: 'stopped' } : how;
        // All that counts is said and written: what native libraries do at the end of a process can only go wrong.
        this.kill();
      };
      this.child.on('message', (message: ProcessMessage) => {
        if (isOutcome(message)) return settle(message);
        if (message.type === 'usage') this.usage = message;
        try {
          if (!outcome) listener(message);
        } catch (error) {
          // Thrown from here it would end the whole service.
          settle({ type: 'crashed', ...describeCrash(error as Error), stack: (error as Error).stack });
        }
      });
      // It could not be started, or a message did not reach it any more.
      this.child.on('error', (error) => {
        if (this.pid !== undefined) return;
        const advice =
          'Look at the limits of this user or container: memory, and how many processes it may have.';
        outcome ??= {
          type: 'crashed',
          ...runError(
            'process-not-started',
            `The training process could not be started: ${asSentence(error.message)} ${advice}`,
          ),
        };
        resolve(outcome);
      });
      // When it has exited, all that it sent and printed has been read.
      this.child.on('close', (code, signal) => {
        clearTimeout(this.forced);
        this.usage = undefined;
        // Before its first line it does not know yet that the service decides.
        if (endingSignals.some((ending) => ending === signal)) this.stopping = true;
        settle({ type: 'crashed', ...describeExit(signal ?? code, output.lastWords) });
        resolve(outcome!);
      });
    });
  }

  private send(message: HostMessage): void {
    // Where it is gone, that is told as the outcome.
    this.child.send(message, () => undefined);
  }

  private kill(): void {
    this.child.kill('SIGKILL');
  }
}

function isOutcome(message: ProcessMessage): message is Outcome {
  return ['finished', 'probed', 'stopped', 'failed', 'crashed'].includes(message.type);
}

/** The settings of the service and of its tracing, with their keys, are not for what trains: it gets a job. */
function trainingEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const needed = Object.entries(env).filter(([name]) => !/^(WELLFORMED|OTEL)_/.test(name));
  return { ...tensorFlowEnvironment, ...Object.fromEntries(needed) };
}
