import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { BaseModelsService } from '../base-models/base-models.service.js';
import { hyperparameters as hyperparameterTable } from '../bert/fine-tuning/hyperparameters.js';
import { DeletionGuards, type DeletionGuard } from '../common/deletion-guards.js';
import { ConflictError, InvalidInputError, NotFoundError, TooManyRequestsError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import type { Page, PageRequest } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import type { Dataset } from '../datasets/dataset.js';
import { ModelsService } from '../models/models.service.js';
import type { Span } from '../tracing/span.js';
import type { Space } from './disk-needed.js';
import { JobChecks } from './job-checks.js';
import {
  hasEnded,
  isAtWork,
  orderDefaults,
  queuedRun,
  type RunCheckpoint,
  type RunHyperparameters,
  type RunOrder,
  type Run,
  type RunSummary,
} from './run.js';
import { effectOf, type RunEvent } from './run-event.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunFeed } from './run-feed.js';
import { placesOf, type RunPlace } from './run-places.js';
import { RunQueue } from './run-queue.js';
import { RunSpans } from './run-spans.js';
import {
  RunsRepository,
  type Resume,
  type RunEventWriter,
  type RunFilter,
  type RunNews,
} from './runs.repository.js';
import { TrainingEstimates, type PlannedRun, type TrainingEstimate } from './training-estimates.js';
import { TrainingHost, type Stop } from './training-host.js';
import {
  assertTrainable,
  hyperparametersOf,
  trainingSource,
  validationSource,
  type PlannedRows,
  type RowsSource,
  type TrainingRequest,
  type Uploads,
} from './training-request.js';

interface Sources {
  training: RowsSource;
  validation: RowsSource | null;
}

/** In seconds: a training takes minutes at least. */
const RETRY_AFTER = 60;

/** What users do with runs. */
@Injectable()
export class TrainingService implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private ending: Promise<void> | undefined;
  private readonly guards = new DeletionGuards();

  constructor(
    private readonly runs: RunsRepository,
    private readonly queue: RunQueue,
    private readonly host: TrainingHost,
    private readonly checkpoints: RunCheckpoints,
    private readonly transactions: Transactions,
    private readonly feed: RunFeed,
    private readonly datasets: DatasetsService,
    private readonly checks: JobChecks,
    private readonly spans: RunSpans,
    private readonly estimates: TrainingEstimates,
    private readonly settings: Settings,
    baseModels: BaseModelsService,
    private readonly models: ModelsService,
  ) {
    models.keepWhile(async (modelId) => {
      const runId = await this.runs.userOfModel(modelId);
      return (
        runId &&
        `Run ${runId} trains on from this model. Wait until it has ended, or cancel it: POST /train/${runId}/cancel.`
      );
    });
    baseModels.onUses(() => this.runs.usesOfBaseModels());
    datasets.keepWhile(async (datasetId) => {
      const { ids, areMore } = await this.runs.usersOfDataset(datasetId);
      if (ids.length === 0) return null;
      const names = `${ids.join(', ')}${areMore ? ' and more' : ''}`;
      return `Dataset ${datasetId} is used by ${names}. Delete what uses it first (DELETE /train/${ids[0]}).`;
    });
  }

  /** Goes on with what an earlier process left at work, interrupted or queued. */
  async onApplicationBootstrap(): Promise<void> {
    await this.host.recover();
    this.queue.process((runId) => this.host.run(runId));
  }

  /** Every module hears of the end here, before any waits for anything. */
  onModuleDestroy(): void {
    this.queue.close();
    this.ending = this.host.close();
  }

  /** Who follows the run under way still learns how it ended. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.ending;
    this.feed.close();
  }

  /** What is wrong with training itself, one sentence each. */
  get degraded(): string[] {
    return this.host.degraded;
  }

  /** Has something stored in the transaction of each event of a run. */
  storeWith(writer: RunEventWriter): void {
    this.runs.storeWith(writer);
  }

  /** Calls back after each event of a run is stored, and after a run is deleted. */
  onNews(listener: (news: RunNews) => void): void {
    this.runs.onNews(listener);
  }

  /** @param guard says, within the transaction that deletes a run, why it must stay; null where it need not */
  keepWhile(guard: DeletionGuard): void {
    this.guards.add(guard);
  }

  /**
   * Stores a run and puts it into the queue. Everything is checked before anything is stored.
   * @param alongside done in the transaction that stores the run and the data sets that came with it
   * @throws InvalidInputError, NotFoundError or DamagedError for a dataset, UnavailableError where there is no engine, ConflictError where
   * there is too little memory now, TooManyRequestsError where the queue is full
   */
  async create(
    request: TrainingRequest,
    uploads: Uploads = {},
    span?: Span | null,
    alongside?: (run: Run) => Promise<void>,
  ): Promise<Run> {
    await this.assertRoom();
    const { sources, ...planned } = await this.plan(request, uploads);
    const estimatedSeconds = await this.estimates.knownSeconds(planned);
    const published = await this.publish(sources);
    try {
      const order: RunOrder = {
        name: request.name ?? null,
        promote: request.promote,
        baseModel: planned.baseModel.name,
        hyperparameters: planned.hyperparameters,
        priority: request.priority ?? orderDefaults.priority,
        checkpointSteps: request.checkpointSteps ?? orderDefaults.checkpointSteps,
        maxRestarts: request.maxRestarts ?? orderDefaults.maxRestarts,
        pauseAfterEpoch: request.pauseAfterEpoch ?? orderDefaults.pauseAfterEpoch,
        datasetId: idOf(sources.training, published),
        validationDatasetId: sources.validation && idOf(sources.validation, published),
      };
      const run = { ...queuedRun(order, request.sweep), estimatedSeconds };
      await this.datasets.storePublished([...published.values()], async () => {
        // Others may have come while this one was planned.
        await this.assertRoom();
        await this.runs.insert(run);
        await alongside?.(run);
      });
      this.spans.askedFor(run.id, span);
      this.queue.add(run.id);
      return run;
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new NotFoundError(
        'A dataset of this run has just been deleted. GET /datasets lists the datasets.',
      );
    }
  }

  /** What a run would take. Checks all that `create` checks, and throws the same; nothing is stored. */
  async estimate(request: TrainingRequest, uploads: Uploads = {}): Promise<TrainingEstimate> {
    return this.estimates.of(await this.plan(request, uploads));
  }

  /** @throws NotFoundError */
  get(id: string): Promise<Run> {
    return this.runs.get(id);
  }

  /** Where the runs that wait stand in the queue, by their ids. */
  async places(): Promise<Map<string, RunPlace>> {
    const [waiting, finishes] = [await this.runs.waiting(), await this.runs.finishes()];
    return placesOf(waiting, finishes, this.settings.concurrentRuns);
  }

  /** Newest first. */
  list(query: PageRequest, filter: RunFilter = {}): Promise<Page<RunSummary>> {
    return this.runs.page(query, filter);
  }

  /** The id of the sweep that a run belongs to; null where it belongs to none, or there is no such run. */
  sweepOf(id: string): Promise<string | null> {
    return this.runs.sweepOf(id);
  }

  /** All runs of a sweep that can be read, in the order of its trials. */
  ofSweep(sweepId: string): Promise<Run[]> {
    return this.runs.ofSweep(sweepId);
  }

  /**
   * Has a run stop at the end of its step and leave a checkpoint; one that waits is held. A paused run stays so.
   * @throws NotFoundError, ConflictError where it cannot be paused
   */
  async pause(id: string, reason = 'Somebody paused it.'): Promise<Run> {
    return this.bringTo(id, { status: 'paused', reason });
  }

  /**
   * Takes a run out of the queue, or has it stop at the end of its step. A run that is cancelled already stays so.
   * @throws NotFoundError, ConflictError if it has ended in another way
   */
  async cancel(id: string, reason?: string): Promise<Run> {
    const run = await this.bringTo(id, { status: 'cancelled', ...(reason && { reason }) });
    if (run.status === 'cancelled') await this.checkpoints.leave(id);
    return run;
  }

  /**
   * Puts a paused or interrupted run back into the queue: it goes on from its latest checkpoint. One that waits or works stays so.
   * @param pauseAfterEpoch after which it pauses by itself; null: it does not
   * @throws NotFoundError, ConflictError where it has ended
   */
  async resume(
    id: string,
    pauseAfterEpoch: number | null = null,
    reason = 'Somebody resumed it.',
  ): Promise<Run> {
    const isQueued = await this.runs.requeue(id, { reason, pauseAfterEpoch });
    if (isQueued) this.queue.add(id);
    else this.goOn(id, { reason, pauseAfterEpoch });
    const run = await this.runs.get(id);
    if (!isQueued && hasEnded(run.status)) {
      throw new ConflictError(
        `Run ${id} has ended: it is ${run.status}. Only a paused or interrupted run can be resumed. To train further, use ` +
          `POST /train/${id}/continue.`,
      );
    }
    return run;
  }

  /** @throws NotFoundError, ConflictError while it is queued or running, or a model descends from it */
  async delete(id: string): Promise<void> {
    const run = await this.runs.get(id);
    const { status, modelId } = run;
    if (!hasEnded(status)) {
      throw new ConflictError(`Run ${id} is ${status}. Cancel it first: POST /train/${id}/cancel.`);
    }
    await this.guards.assertUnneeded(id);
    await this.checkpoints.discard(run);
    try {
      await this.runs.delete(id, () => this.guards.assertUnneeded(id));
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new ConflictError(
        `Model ${modelId} comes of run ${id}. Delete it first: DELETE /models/${modelId}.`,
      );
    }
  }

  /** At most so many of the steps that were stored, evenly spread and in order. @throws NotFoundError */
  async steps(id: string, most: number): Promise<(RunEvent & { type: 'step' })[]> {
    await this.runs.get(id);
    return this.runs.steps(id, most);
  }

  /** Whether there is nothing to come after an event of a run. @throws NotFoundError */
  async isOver(id: string, after: number): Promise<boolean> {
    return hasEnded(await this.runs.statusOf(id)) && (await this.runs.lastSequence(id)) <= after;
  }

  /**
   * Lets somebody follow a run.
   * @returns its events after the given one, as they come, and what gives the follower's seat back
   * @throws TooManyRequestsError where too many follow already
   */
  follow(id: string, after: number): { events: ReturnType<RunFeed['follow']>; leave: () => void } {
    const leave = this.feed.takeSeat();
    return { events: this.feed.follow(id, after), leave };
  }

  /**
   * Takes a run out of its sweep, which is deleted.
   * @throws NotFoundError
   */
  async leaveSweep(id: string): Promise<void> {
    await this.runs.change(id, { sweepId: null, trial: null });
  }

  /**
   * The model of a run has been deleted: the run names it no more.
   * @throws NotFoundError
   */
  async forgetModel(id: string): Promise<void> {
    await this.runs.change(id, { modelId: null });
  }

  /**
   * Checks all that `create` checks of runs on the same rows, and throws the same; nothing is stored.
   * @param each called before each request is checked
   */
  async check(
    requests: readonly TrainingRequest[],
    each: (index: number) => void = () => undefined,
  ): Promise<void> {
    const facts = new Map<string, Promise<PlannedRows>>();
    for (const [index, request] of requests.entries()) {
      each(index);
      await this.plan(request, {}, facts);
    }
  }

  /**
   * Starts a run that trains what another one made for some more epochs: from its latest checkpoint, or from its model.
   * @param epochs to train beyond those that are done
   * @param alongside done in the transaction that stores the run
   * @throws NotFoundError, ConflictError where the run has not ended or nothing is left of it, InvalidInputError for too many epochs,
   * TooManyRequestsError where the queue is full
   */
  async continue(id: string, epochs: number, alongside?: (run: Run) => Promise<void>): Promise<Run> {
    await this.assertRoom();
    const from = await this.runs.get(id);
    if (!hasEnded(from.status)) {
      throw new ConflictError(
        `Run ${id} is ${from.status}. Only a run that has ended can be continued. POST /train/${id}/resume takes up a paused one.`,
      );
    }
    const run = from.checkpoint
      ? continuedFromCheckpoint(from, from.checkpoint, epochs)
      : continuedFromModel(from, epochs);
    if (from.checkpoint) run.checkpoint = await this.checkpoints.copy(from, run);
    try {
      await this.transactions.run(async () => {
        await this.assertRoom();
        // In the same transaction: from here on the run keeps the model.
        if (run.initialModelId) {
          await this.models.resolve(run.initialModelId).catch((error: unknown) => {
            throw error instanceof NotFoundError ? nothingLeftOf(from) : error;
          });
        }
        await this.runs.insert(run);
        await alongside?.(run);
      });
    } catch (error) {
      await this.checkpoints.deleteCopy(run);
      throw error;
    }
    this.queue.add(run.id);
    return run;
  }

  /** Takes the wish for a pause back that the training has not come to yet. */
  private goOn(id: string, resume: Resume): void {
    this.assertNotCancelled(id);
    this.host.resume(id, resume);
  }

  private assertNotCancelled(id: string): void {
    if (this.host.stopOf(id)?.status !== 'cancelled') return;
    throw new ConflictError(
      `Run ${id} is being cancelled. Once it has ended, POST /train/${id}/continue trains further if it has a checkpoint.`,
    );
  }

  private async bringTo(id: string, stop: Stop): Promise<Run> {
    const { status } = await this.runs.get(id);
    if (stop.status !== 'cancelled') this.assertNotCancelled(id);
    if (status === stop.status || (await this.stopWaiting(id, stop)) || this.host.stop(id, stop)) {
      return this.runs.get(id);
    }
    const now = await this.runs.get(id);
    if (now.status === stop.status) return now;
    const what = stop.status === 'paused' ? 'paused' : 'cancelled';
    throw new ConflictError(
      isAtWork(now.status)
        ? `Run ${id} is registering its model and cannot be ${what} any more. Delete the model instead.`
        : `Run ${id} is ${now.status} and cannot be ${what}.`,
    );
  }

  /** Brings a run that nobody works on to another status. @returns whether it may go there */
  private stopWaiting(id: string, stop: Stop): Promise<boolean> {
    return this.runs.transition(id, stop, null);
  }

  private async assertRoom(): Promise<void> {
    const { runQueue } = this.settings;
    const queued = await this.runs.countQueued();
    if (queued < runQueue) return;
    throw new TooManyRequestsError(
      `${queued} runs wait already, and the limit is ${runQueue}. Try again when some have ended, or cancel one: POST /train/ID/cancel. ` +
        'WELLFORMED_RUN_QUEUE allows more.',
      RETRY_AFTER,
    );
  }

  /** @param known rows that were looked at before, by the id of their dataset */
  private async plan(
    request: TrainingRequest,
    uploads: Uploads,
    known = new Map<string, Promise<PlannedRows>>(),
  ): Promise<PlannedRun & { memory: Space | null; sources: Sources }> {
    const sources = {
      training: trainingSource(request, uploads),
      validation: validationSource(request, uploads),
    };
    const training = await this.factsOf(sources.training, known);
    const validation = sources.validation && (await this.factsOf(sources.validation, known));
    assertTrainable(training, validation === null);
    const checked = await this.checks.check(request, training);
    const hyperparameters = hyperparametersOf(request, validation === null);
    return { sources, training, validation, hyperparameters, ...checked };
  }

  private factsOf(source: RowsSource, known: Map<string, Promise<PlannedRows>>): Promise<PlannedRows> {
    if ('datasetId' in source) {
      const { datasetId } = source;
      const opened = known.get(datasetId) ?? this.datasets.open(datasetId);
      known.set(datasetId, opened);
      return opened;
    }
    const { content, path } = source.upload;
    return Promise.resolve({ ...content, path, id: 'of the form' });
  }

  private async publish(sources: Sources): Promise<Map<RowsSource, Dataset>> {
    const published = new Map<RowsSource, Dataset>();
    try {
      for (const source of [sources.training, sources.validation]) {
        if (source && 'upload' in source) published.set(source, await source.upload.publish());
      }
      return published;
    } catch (error) {
      await this.datasets.discardPublished([...published.values()]);
      throw error;
    }
  }
}

/** A run that goes on where another one was when it ended, with the same settings and a schedule for all of its epochs. */
function continuedFromCheckpoint(from: Run, checkpoint: RunCheckpoint, epochs: number): Run {
  const resumption = { ...checkpoint, attempt: 1, isExact: true, note: null };
  const {
    evaluations,
    epochs: done,
    mcc,
    step,
    epoch,
  } = {
    ...from,
    ...effectOf({ type: 'resumed', data: resumption }, from),
  };
  const run = continued(from, { epochs: checkpoint.epoch - 1 + epochs });
  return { ...run, evaluations, epochs: done, mcc, step, epoch };
}

/** A run that begins with the weights of the model that another one made. */
function continuedFromModel(from: Run, epochs: number): Run {
  const { modelId } = from;
  if (!modelId) throw nothingLeftOf(from);
  // It may not forget what was learnt.
  return { ...continued(from, { epochs, reinitializedLayers: 0 }), initialModelId: modelId };
}

function nothingLeftOf({ id }: Run): ConflictError {
  return new ConflictError(
    `Run ${id} has left neither a checkpoint nor a model. Start a new run: POST /train. WELLFORMED_CANCELLED_CHECKPOINTS says how many ` +
      'cancelled runs keep theirs.',
  );
}

function continued(
  from: Run,
  changes: Partial<RunHyperparameters> & Pick<RunHyperparameters, 'epochs'>,
): Run {
  const { datasetId, validationDatasetId, name, baseModel, promote, priority, checkpointSteps, maxRestarts } =
    from;
  // It may not average more epochs than there are.
  const averaged = Math.min(from.hyperparameters.weightAveraging, changes.epochs);
  const hyperparameters = {
    ...from.hyperparameters,
    ...changes,
    weightAveraging: averaged > 1 ? averaged : 0,
  };
  const isAllowed = hyperparameterTable.epochs.isValid(hyperparameters.epochs);
  if (!isAllowed) {
    throw new InvalidInputError(
      `The run would have ${hyperparameters.epochs} epochs in all. Ask for fewer.`,
      [{ path: ['epochs'], message: `all epochs together must be ${hyperparameterTable.epochs.values}` }],
    );
  }
  const order = {
    datasetId,
    validationDatasetId,
    name,
    baseModel,
    promote,
    priority,
    checkpointSteps,
    maxRestarts,
  };
  return { ...queuedRun({ ...order, hyperparameters }), continues: from.id };
}

function idOf(source: RowsSource, published: ReadonlyMap<RowsSource, Dataset>): string {
  return 'datasetId' in source ? source.datasetId : published.get(source)!.id;
}
