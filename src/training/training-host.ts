import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { withoutServerFolders } from '../common/server-folders.js';
import { untilStored } from '../common/until-stored.js';
import { Settings } from '../config/settings.js';
import { ModelsService } from '../models/models.service.js';
import { BlobStore, type StagedFolder } from '../storage/blob-store.js';
import { describeFailure, stackOf } from './failure.js';
import { lineageOf, metricsOf } from './lineage.js';
import { assertTransition, type Run, type RunEngine, type RunError } from './run.js';
import { RunLogs } from './run-logs.js';
import { RunMetrics } from './run-metrics.js';
import { RunRecorder } from './run-recorder.js';
import { RunSpans } from './run-spans.js';
import type { OutputSource } from './process-output.js';
import { RunsRepository } from './runs.repository.js';
import { TrainingJobs } from './training-jobs.js';
import { TrainingProbes } from './training-probes.js';
import { TrainingProcess, type ProgressMessage } from './training-process.js';
import type { FinishedMessage, TrainingJob } from './worker/messages.js';

/** Why a run is stopped: somebody wants it to end, or the service itself ends. */
export type StopReason = 'cancelled' | 'interrupted';

const leaseMilliseconds = 30_000;
const renewalMilliseconds = 10_000;

interface Work {
  runId: string;
  process?: TrainingProcess;
  stop?: StopReason;
  /** The files are done: it is too late to stop. */
  registering?: boolean;
}

/** Carries runs out, one at a time: starts the training process, stores what it tells, and registers what it made. */
@Injectable()
export class TrainingHost {
  /** This process, as the owner of the runs that it works on. */
  readonly owner = randomUUID();
  private readonly logger = new Logger(TrainingHost.name);
  private readonly output = new Logger(TrainingProcess.name);
  private work: Work | undefined;
  private settled: Promise<void> = Promise.resolve();
  private closing = false;
  private troubles: { deadProcess?: string; unstoredEnd?: string } = {};

  constructor(
    private readonly runs: RunsRepository,
    private readonly jobs: TrainingJobs,
    private readonly models: ModelsService,
    private readonly blobs: BlobStore,
    private readonly metrics: RunMetrics,
    private readonly spans: RunSpans,
    private readonly settings: Settings,
    private readonly probes: TrainingProbes,
    private readonly logs: RunLogs,
  ) {}

  /** Works on a queued run until it has ended. Does nothing if it is not queued any more. */
  run(runId: string): Promise<void> {
    const work = this.carryOut({ runId });
    this.settled = work.catch(() => undefined);
    return work;
  }

  /** What is wrong with training itself, not with a run: to be read by anybody, so without the reasons. */
  get degraded(): string[] {
    const { deadProcess, unstoredEnd } = this.troubles;
    return [
      ...(deadProcess
        ? [
            `The training process died in ${deadProcess}: the next run shows whether it does again. GET /train/${deadProcess} says why.`,
          ]
        : []),
      ...(unstoredEnd
        ? [
            `The end of ${unstoredEnd} cannot be stored, and no other run starts until it is. The log says why.`,
          ]
        : []),
    ];
  }

  /**
   * Has a run stop at the end of its step.
   * @param grace milliseconds after which its process is ended by force
   * @returns whether it will: false if this host does not work on it, or its model is being registered already
   */
  stop(runId: string, reason: StopReason, grace?: number): boolean {
    if (this.work?.runId !== runId || this.work.registering) return false;
    this.work.stop ??= reason;
    this.work.process?.stop(grace);
    return true;
  }

  /** What trainings hold in memory now, in bytes: they give it back before the next run starts. */
  get residentBytes(): number {
    return this.work?.process?.residentBytes ?? 0;
  }

  /** Interrupts the run under way and starts no other. */
  async close(): Promise<void> {
    this.closing = true;
    await this.probes.giveWay();
    if (this.work) this.stop(this.work.runId, 'interrupted', this.settings.shutdownGrace);
    await this.settled;
  }

  private async carryOut(work: Work): Promise<void> {
    if (this.closing) return;
    this.work = work;
    const { runId } = work;
    let renewal: NodeJS.Timeout | undefined;
    try {
      // A run that cannot be claimed now (the disk is full, say) stays queued: the queue comes with it again.
      if (!(await this.claim(runId))) return;
    } catch (error) {
      this.work = undefined;
      throw error;
    }
    try {
      renewal = setInterval(() => void this.renewLease(runId), renewalMilliseconds);
      await this.probes.giveWay();
      const run = await this.runs.get(runId);
      this.metrics.begin(run);
      this.spans.begin(run);
      await this.train(work, run);
    } catch (error) {
      // What the training itself throws is stored with the run: this is the host's own.
      this.logger.error(`Run ${runId}: ${(error as Error).message}`, { runId }, (error as Error).stack);
      this.logs.write(runId, 'service', stackOf(error) ?? '');
      await this.end(runId, 'failed', describeFailure(error));
    } finally {
      clearInterval(renewal);
      this.spans.end(runId);
      this.metrics.end(runId);
      this.work = undefined;
      this.probes.goOn();
    }
  }

  private claim(runId: string): Promise<boolean> {
    return this.runs.transition(
      runId,
      { status: 'running' },
      { owner: this.owner, leaseExpiresAt: leaseEnd() },
    );
  }

  private async train(work: Work, run: Run): Promise<void> {
    const { runId } = work;
    const staged = await this.blobs.stage();
    try {
      const job = await this.jobs.jobOf(run, staged.path);
      const recorder = new RunRecorder(run, this.runs);
      const { baseModel, training } = job;
      this.logger.log(`Run ${runId} starts: ${baseModel} on ${training.name}`, {
        runId,
        baseModel,
        datasetId: training.id,
        ...this.spans.fieldsOf(runId),
      });
      const listener = (message: ProgressMessage) => {
        this.metrics.receive(message);
        if (message.type === 'engine') this.logEngine(runId, message.data);
        if (message.type !== 'memory' && message.type !== 'usage') recorder.receive(message);
      };
      const log = (line: string) => this.output.warn(line, { runId });
      const print = (line: string, source: OutputSource) => this.logs.write(runId, source, line);
      work.process = new TrainingProcess(job, listener, { log, print });
      if (work.stop) work.process.stop();
      const outcome = await work.process.outcome;
      delete this.troubles.deadProcess;
      await recorder.close();
      // A worker may be through before it hears of the stop: a model is discarded only if somebody does not want it any more.
      if (outcome.type === 'stopped' || work.stop === 'cancelled') {
        await this.end(
          runId,
          work.stop ?? 'interrupted',
          work.stop === 'cancelled' ? undefined : interruption,
        );
      } else if (outcome.type === 'failed' || outcome.type === 'crashed') {
        if (outcome.type === 'crashed') {
          this.metrics.crashed();
          this.troubles.deadProcess = runId;
        }
        const { title, detail, stack } = outcome;
        if (stack) {
          this.output.warn(stack, { runId });
          this.logs.write(runId, 'service', stack);
        }
        await this.end(runId, 'failed', { title, detail });
      } else if (outcome.type === 'finished') {
        work.registering = true;
        this.spans.registering(runId);
        await this.register(job, recorder.run, staged, outcome);
      } else {
        throw new Error(`This is a bug: a training ended as ${outcome.type}.`);
      }
    } finally {
      await staged.discard();
    }
  }

  private async register(
    job: TrainingJob,
    run: Run,
    staged: StagedFolder,
    { files, serving, origin }: FinishedMessage,
  ): Promise<void> {
    const { id: modelId } = await this.models.register({
      ...lineageOf(run, job),
      ...origin,
      staged,
      sums: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])),
      name: job.modelName,
      metrics: metricsOf(run),
      serving,
      promote: run.promote,
      // Joins the transaction of the registration: the model is there and the run has succeeded, or neither.
      alongside: async (modelId) => {
        if (await this.runs.transition(run.id, { status: 'succeeded', modelId })) return;
        assertTransition((await this.runs.get(run.id)).status, 'succeeded');
      },
    });
    this.logger.log(`Run ${run.id} succeeded: ${modelId}`, { runId: run.id, modelId });
  }

  /** Stores the end of a run, however long the database may take to be writable again: a full disk, say. */
  private async end(runId: string, status: 'failed' | StopReason, error?: RunError): Promise<void> {
    if (error) this.logger.warn(`Run ${runId} ${status}: ${error.title}. ${error.detail}`, { runId });
    else this.logger.log(`Run ${runId} ${status}`, { runId });
    // The log may say where on the server something lies, the run may not.
    const told = error && { ...error, detail: withoutServerFolders(error.detail, this.settings) };
    const store = async () => {
      if (!(await this.runs.transition(runId, { status, ...(told && { error: told }) }))) {
        this.logger.error(`This is a bug: run ${runId} ended (${status}), but it was not running.`, {
          runId,
        });
      }
      delete this.troubles.unstoredEnd;
    };
    await untilStored(store, {
      failed: (reason) => {
        this.troubles.unstoredEnd = runId;
        this.logger.error(`The end of run ${runId} could not be stored: ${reason.message}`, { runId });
      },
      // The next start finds the run without an owner and interrupts it.
      isGivenUp: () => this.closing,
    });
  }

  private logEngine(runId: string, { name, description, reason }: RunEngine): void {
    this.logger.log(`Run ${runId} trains on ${description}. ${reason}`, { runId, engine: name });
  }

  private async renewLease(runId: string): Promise<void> {
    try {
      if (await this.runs.renewLease(runId, this.owner, leaseEnd())) return;
      this.logger.error(`Run ${runId} is not this process's any more: it stops here.`, { runId });
      this.stop(runId, 'interrupted');
    } catch (error) {
      this.logger.error(`The lease on run ${runId} could not be renewed: ${(error as Error).message}`, {
        runId,
      });
    }
  }
}

/** Why an interrupted run ended. */
export const interruption: RunError = {
  title: 'The run was interrupted',
  detail: 'The service stopped while it was running. Start it again with POST /train.',
};

function leaseEnd(): Date {
  return new Date(Date.now() + leaseMilliseconds);
}
