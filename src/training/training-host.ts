import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { withoutServerFolders } from '../common/server-folders.js';
import { untilStored } from '../common/until-stored.js';
import { Settings } from '../config/settings.js';
import { ModelsService } from '../models/models.service.js';
import { BlobStore, type StagedFolder } from '../storage/blob-store.js';
import { asSentence } from './advice.js';
import { describeFailure, stackOf } from './failure.js';
import { lineageOf, metricsOf } from './lineage.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { assertTransition, type Run, type RunEngine } from './run.js';
import type { RunEventData } from './run-event.js';
import { runError, type RunError } from './run-error.js';
import type { OutputSource } from './process-output.js';
import { RunLogs } from './run-logs.js';
import { RunMetrics } from './run-metrics.js';
import { RunRecorder } from './run-recorder.js';
import { RunSpans } from './run-spans.js';
import { RunsRepository, type Claim, type Resume } from './runs.repository.js';
import { TrainingJobs } from './training-jobs.js';
import { TrainingProbes } from './training-probes.js';
import { TrainingProcess, type Outcome, type ProgressMessage } from './training-process.js';
import type { CheckpointMessage, FinishedMessage, TrainingJob } from './worker/messages.js';

/** What a run that is stopped comes to. A run that is paused or interrupted leaves a checkpoint. */
export interface Stop {
  status: 'cancelled' | 'paused' | 'interrupted';
  /** For people to read. */
  reason?: string;
}

const leaseMilliseconds = 30_000;
const renewalMilliseconds = 10_000;

/** A run that this process works on. */
interface Work {
  runId: string;
  process?: TrainingProcess;
  stop?: Stop;
  /** Somebody resumed it while it was being paused: it goes back into the queue once it has stopped. */
  resume?: Resume;
  /** Staged folder for the next checkpoint. */
  checkpointFolder?: StagedFolder;
  /** Checkpoints cannot be stored: it stops without one more. */
  cannotStore?: boolean;
  /** Settles when no checkpoint is being taken over. */
  checkpointing: Promise<void>;
  /** The files are done: it is too late to stop. */
  registering?: boolean;
  /** There is no memory for it beside the others. */
  waitsForOthers?: boolean;
}

/** Carries runs out: starts a training process for each, stores what it tells, and registers what it made. */
@Injectable()
export class TrainingHost {
  /** This process, as the owner of the runs that it works on. */
  readonly owner = randomUUID();
  private readonly logger = new Logger(TrainingHost.name);
  private readonly output = new Logger(TrainingProcess.name);
  private readonly works = new Map<string, { work: Work; settled: Promise<void> }>();
  private closing = false;
  private troubles: { deadProcess?: string; unstoredEnd?: string } = {};

  constructor(
    private readonly runs: RunsRepository,
    private readonly checkpoints: RunCheckpoints,
    private readonly jobs: TrainingJobs,
    private readonly models: ModelsService,
    private readonly blobs: BlobStore,
    private readonly metrics: RunMetrics,
    private readonly spans: RunSpans,
    private readonly settings: Settings,
    private readonly probes: TrainingProbes,
    private readonly logs: RunLogs,
  ) {}

  /**
   * Works on a queued run until it has ended or stopped. Does nothing if it is not queued any more.
   * @returns whether it waits until another run has ended
   */
  async run(runId: string): Promise<boolean> {
    if (this.closing) return false;
    const work: Work = { runId, checkpointing: Promise.resolve() };
    const carriedOut = this.carryOut(work);
    this.works.set(runId, { work, settled: carriedOut.catch(() => undefined) });
    try {
      await carriedOut;
      return work.waitsForOthers ?? false;
    } finally {
      this.works.delete(runId);
      if (this.works.size === 0) this.probes.goOn();
    }
  }

  /**
   * Takes up what earlier processes left: whatever was at work has crashed, and what was interrupted goes on. This process holds the lock
   * on the data folder: whoever owned a run is gone, lease or not. Where several processes share a database, only runs whose lease has
   * expired may be taken.
   */
  async recover(): Promise<void> {
    for (const run of await this.runs.atWork()) {
      this.logger.warn(`Run ${run.id} was at work when the service last stopped.`, { runId: run.id });
      for (const data of afterCrash(run, interruption)) if (data) await this.runs.transition(run.id, data);
    }
    for (const { id } of await this.runs.interrupted()) {
      await this.runs.transition(id, { status: 'queued', reason: 'The service has started again.' });
    }
    await this.checkpoints.recover();
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
  stop(runId: string, stop: Stop, grace?: number): boolean {
    const work = this.works.get(runId)?.work;
    if (!work || work.registering) return false;
    // Whoever cancels a run that is being paused wants nothing more of it.
    if (!work.stop || stop.status === 'cancelled') work.stop = stop;
    if (stop.status !== 'interrupted') delete work.resume;
    this.stopProcess(work, grace);
    return true;
  }

  /** How a run that this host works on was asked to stop; null where it was not. */
  stopOf(runId: string): Stop | null {
    return this.works.get(runId)?.work.stop ?? null;
  }

  /** Has a run that is being paused go back into the queue once it has stopped. */
  resume(runId: string, resume: Resume): void {
    const work = this.works.get(runId)?.work;
    if (work?.stop?.status === 'paused') work.resume = resume;
  }

  /** What trainings hold in memory now, in bytes: they give it back before the next run starts. */
  get residentBytes(): number {
    return [...this.works.values()].reduce((sum, { work }) => sum + (work.process?.residentBytes ?? 0), 0);
  }

  /** Interrupts the runs under way and starts no other. */
  async close(): Promise<void> {
    this.closing = true;
    await this.probes.giveWay();
    const stop: Stop = {
      status: 'interrupted',
      reason: 'The service stopped. The run goes on at its next start.',
    };
    for (const runId of this.works.keys()) this.stop(runId, stop, this.settings.shutdownGrace);
    await Promise.all([...this.works.values()].map(({ settled }) => settled));
  }

  private stopProcess({ process, stop, cannotStore }: Work, grace?: number): void {
    if (!stop) return;
    const checkpoint = stop.status !== 'cancelled' && !cannotStore;
    process?.stop({ checkpoint, ...(grace !== undefined && { grace }) });
  }

  private async carryOut(work: Work): Promise<void> {
    const { runId } = work;
    // A run that cannot be claimed now (the disk is full, say) stays queued: the queue comes with it again.
    const claim = await this.runs.take(runId, this.owner, leaseEnd());
    if (!claim) return;
    const renewal = setInterval(() => void this.renewLease(claim), renewalMilliseconds);
    try {
      await this.probes.giveWay();
      const run = await this.runs.get(runId);
      this.metrics.begin(run);
      this.spans.begin(run);
      await this.train(work, claim, run);
      await this.checkpoints.leave(runId);
    } catch (error) {
      // What the training itself throws is stored with the run: this is the host's own.
      this.logger.error(`Run ${runId}: ${(error as Error).message}`, { runId }, (error as Error).stack);
      this.logs.write(runId, 'service', stackOf(error) ?? '');
      await this.end(runId, { status: 'failed', error: describeFailure(error) }, claim);
    } finally {
      clearInterval(renewal);
      this.spans.end(runId);
      this.metrics.end(runId);
    }
  }

  private async train(work: Work, claim: Claim, run: Run): Promise<void> {
    const { runId } = work;
    const staged = await this.blobs.stage();
    work.checkpointFolder = await this.blobs.stage();
    try {
      const job = await this.jobs.jobOf(run, {
        folder: staged.path,
        checkpointFolder: work.checkpointFolder.path,
        earlier: await this.checkpoints.earlierAttempt(run),
      });
      const isLost = () => this.giveUp(work);
      const recorder = new RunRecorder(run, claim, this.runs, isLost);
      const { baseModel, training, attempt } = job;
      this.logger.log(`Run ${runId} starts: ${baseModel} on ${training.name}`, {
        runId,
        attempt,
        baseModel,
        datasetId: training.id,
        ...this.spans.fieldsOf(runId),
      });
      const listener = (message: ProgressMessage) => this.receive(message, work, recorder);
      const log = (line: string) => this.output.warn(line, { runId });
      const print = (line: string, source: OutputSource) => this.logs.write(runId, source, line);
      work.process = new TrainingProcess(job, listener, { log, print });
      this.stopProcess(work);
      const outcome = await work.process.outcome;
      delete this.troubles.deadProcess;
      await work.checkpointing;
      await recorder.close();
      await this.settle(work, claim, recorder.run, outcome, { job, staged });
    } finally {
      await staged.discard();
      await work.checkpointFolder?.discard();
    }
  }

  private receive(message: ProgressMessage, work: Work, recorder: RunRecorder): void {
    this.metrics.receive(message);
    if (message.type === 'memory' || message.type === 'usage') return;
    if (message.type === 'checkpoint') {
      work.checkpointing = work.checkpointing.then(() => this.takeOver(message, work, recorder));
      return;
    }
    if (message.type === 'engine') this.logEngine(work.runId, message.data);
    if (message.type === 'phase' && message.data.phase === 'training') {
      recorder.receive({ type: 'status', data: { status: 'running' } });
    }
    recorder.receive(message);
  }

  /** Makes a checkpoint that lies in its staged folder the run's, and gives the worker a folder for the next. */
  private async takeOver(message: CheckpointMessage, work: Work, recorder: RunRecorder): Promise<void> {
    const { runId } = work;
    const staged = work.checkpointFolder!;
    delete work.checkpointFolder;
    try {
      await this.checkpoints.publish(staged, recorder, message);
      work.checkpointFolder = await this.blobs.stage();
      work.process?.goOnIn(work.checkpointFolder.path);
    } catch (error) {
      await staged.discard();
      work.cannotStore = true;
      this.logger.error(`Run ${runId}: a checkpoint could not be stored: ${(error as Error).message}`, {
        runId,
      });
      this.stop(runId, {
        status: 'paused',
        reason: `A checkpoint could not be stored: ${asSentence((error as Error).message)} Once that is mended, resume the run.`,
      });
    }
  }

  /** Brings a run whose process is gone to the status that follows. */
  private async settle(
    work: Work,
    claim: Claim,
    run: Run,
    outcome: Outcome,
    made: { job: TrainingJob; staged: StagedFolder },
  ): Promise<void> {
    const { runId, stop } = work;
    // A worker may be through before it hears of the stop: a model is discarded only if somebody does not want it any more.
    if (outcome.type === 'stopped' || stop?.status === 'cancelled') {
      const reason = outcome.type === 'stopped' ? outcome.reason : undefined;
      await this.end(runId, stop ?? (reason ? { status: 'paused', reason } : unasked), claim);
      if (work.resume) await this.runs.requeue(runId, work.resume);
      return;
    }
    if ('stack' in outcome && outcome.stack) {
      this.output.warn(outcome.stack, { runId });
      this.logs.write(runId, 'service', outcome.stack);
    }
    switch (outcome.type) {
      case 'finished':
        work.registering = true;
        this.spans.registering(runId);
        return this.register(made.job, run, made.staged, outcome);
      case 'crashed':
        this.metrics.crashed();
        this.troubles.deadProcess = runId;
        return this.restart(work, run, errorOf(outcome), claim);
      case 'failed':
        // Alone it would have been enough: it gets another turn once one of the others has ended.
        if (outcome.isForNow && this.works.size > 1) {
          work.waitsForOthers = true;
          return this.end(
            runId,
            { status: 'queued', reason: 'It waits until there is memory for it.' },
            claim,
          );
        }
        if (outcome.code === 'out-of-memory') return this.restart(work, run, errorOf(outcome), claim);
        return this.end(runId, { status: 'failed', error: errorOf(outcome) }, claim);
      case 'probed':
        throw new Error('This is a bug: a training ended as a probe.');
    }
  }

  private async register(
    job: TrainingJob,
    run: Run,
    staged: StagedFolder,
    { files, serving, origin, failure }: FinishedMessage,
  ): Promise<void> {
    const status = failure ? 'failed' : 'succeeded';
    const told = failure && this.forPeople(failure);
    const { id: modelId } = await this.models.register({
      ...lineageOf(run, job),
      ...origin,
      staged,
      sums: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])),
      name: job.modelName,
      metrics: metricsOf(run),
      serving,
      promote: failure ? 'never' : run.promote,
      // Joins the transaction of the registration: the model is there and the run has ended, or neither.
      alongside: async (modelId) => {
        const end = { status, modelId, ...(told && { error: told }) } as const;
        if (await this.runs.transition(run.id, end)) return;
        assertTransition((await this.runs.get(run.id)).status, status);
      },
    });
    this.logger.log(`Run ${run.id} ${status}: ${modelId}`, { runId: run.id, modelId });
  }

  private async restart(work: Work, run: Run, error: RunError, claim: Claim): Promise<void> {
    const [interrupted, queued] = afterCrash(run, error);
    await this.end(run.id, interrupted, claim);
    if (!queued) return;
    await this.end(run.id, queued);
    // Somebody may have stopped it while this was stored.
    if (work.stop && work.stop.status !== 'interrupted') await this.runs.transition(run.id, work.stop, null);
  }

  /** Stores that a run has stopped, however long the database may take to be writable again: a full disk, say. */
  private async end(runId: string, data: RunEventData['status'], claim?: Claim): Promise<void> {
    const { status, reason, error } = data;
    if (error) this.logger.warn(`Run ${runId} ${status} (${error.code}): ${error.message}`, { runId });
    else this.logger.log(`Run ${runId} ${status}${reason ? `: ${reason}` : ''}`, { runId });
    const told = {
      ...data,
      ...(reason && { reason: withoutServerFolders(reason, this.settings) }),
      ...(error && { error: this.forPeople(error) }),
    };
    const store = async () => {
      if (!(await this.runs.transition(runId, told, claim))) {
        this.logger.warn(
          `Run ${runId} is somebody else's by now, or has ended: it does not become ${status}.`,
          { runId },
        );
      }
      delete this.troubles.unstoredEnd;
    };
    await untilStored(store, {
      failed: (reason) => {
        this.troubles.unstoredEnd = runId;
        this.logger.error(`The end of run ${runId} could not be stored: ${reason.message}`, { runId });
      },
      // The next start finds the run without an owner.
      isGivenUp: () => this.closing,
    });
  }

  /** The log may say where on the server something lies, the run may not. */
  private forPeople(error: RunError): RunError {
    return { ...error, message: withoutServerFolders(error.message, this.settings) };
  }

  /** Somebody else works on the run by now: what this process would still make of it is nobody's. */
  private giveUp(work: Work): void {
    const { runId } = work;
    this.logger.error(`Run ${runId} is not this process's any more: it stops here.`, { runId });
    work.stop = { status: 'interrupted' };
    work.process?.stop({ grace: 0 });
  }

  private logEngine(runId: string, { name, description, reason }: RunEngine): void {
    this.logger.log(`Run ${runId} trains on ${description}. ${reason}`, { runId, engine: name });
  }

  private async renewLease(claim: Claim): Promise<void> {
    const { runId } = claim;
    try {
      if (await this.runs.renewLease(claim, leaseEnd())) return;
      const work = this.works.get(runId)?.work;
      if (work && !work.registering) this.giveUp(work);
    } catch (error) {
      this.logger.error(`The lease on run ${runId} could not be renewed: ${(error as Error).message}`, {
        runId,
      });
    }
  }
}

/** What a crash of the service itself is for a run. */
const interruption = runError('interrupted', 'The service was killed or crashed while the run was at work.');

/** A training that stopped without being asked: its process got a signal that was meant for the service. */
const unasked: Stop = { status: 'interrupted', reason: 'The training was told to stop.' };

/** What a crash makes of a run: it is interrupted and waits to be taken up again; after too many crashes it fails. */
function afterCrash(
  { restarts: before, maxRestarts, checkpoint }: Run,
  error: RunError,
): [RunEventData['status'], RunEventData['status']?] {
  const restarts = before + 1;
  if (restarts > maxRestarts) {
    const message = `${error.message} The run may not be restarted again (maxRestarts: ${maxRestarts}).`;
    return [{ status: 'failed', error: maxRestarts > 0 ? { ...error, message } : error }];
  }
  const from = checkpoint ? `from step ${checkpoint.step}` : 'from the beginning';
  return [
    { status: 'interrupted', restarts, reason: error.message, error },
    { status: 'queued', reason: `Restart ${restarts} of ${maxRestarts} ${from}. ${error.message}` },
  ];
}

function errorOf({ code, message, param }: RunError): RunError {
  return { code, message, param };
}

function leaseEnd(): Date {
  return new Date(Date.now() + leaseMilliseconds);
}
