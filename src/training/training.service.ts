import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { BaseModelsService } from '../base-models/base-models.service.js';
import { ConflictError, NotFoundError, TooManyRequestsError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import type { Page, PageRequest } from '../database/pages.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import type { Dataset } from '../datasets/dataset.js';
import type { Span } from '../tracing/span.js';
import type { Space } from './disk-needed.js';
import { JobChecks } from './job-checks.js';
import { hasEnded, queuedRun, type Run, type RunStatus, type RunSummary } from './run.js';
import type { RunEvent } from './run-event.js';
import { RunFeed } from './run-feed.js';
import { RunQueue } from './run-queue.js';
import { RunSpans } from './run-spans.js';
import { RunsRepository, type RunEventWriter } from './runs.repository.js';
import { TrainingEstimates, type PlannedRun, type TrainingEstimate } from './training-estimates.js';
import { interruption, TrainingHost } from './training-host.js';
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
  private readonly logger = new Logger(TrainingService.name);
  private ending: Promise<void> | undefined;

  constructor(
    private readonly runs: RunsRepository,
    private readonly queue: RunQueue,
    private readonly host: TrainingHost,
    private readonly feed: RunFeed,
    private readonly datasets: DatasetsService,
    private readonly checks: JobChecks,
    private readonly spans: RunSpans,
    private readonly estimates: TrainingEstimates,
    private readonly settings: Settings,
    baseModels: BaseModelsService,
  ) {
    baseModels.onUses(() => this.runs.usesOfBaseModels());
    datasets.keepWhile(async (datasetId) => {
      const { ids, areMore } = await this.runs.usersOfDataset(datasetId);
      if (ids.length === 0) return null;
      const names = `${ids.join(', ')}${areMore ? ' and more' : ''}`;
      return `Dataset ${datasetId} is used by ${names}. Delete what uses it first (DELETE /train/${ids[0]}).`;
    });
  }

  /** Ends what an earlier process left running, and goes on with what it left queued. */
  async onApplicationBootstrap(): Promise<void> {
    for (const run of await this.runs.running()) {
      // This process holds the lock on the data folder: whoever owned the run is gone, lease or not. Where several processes
      // share a database, only runs whose lease has expired may be taken.
      if (run.owner === this.host.owner) continue;
      await this.runs.transition(run.id, { status: 'interrupted', error: interruption });
      this.logger.warn(`Run ${run.id} was running when the service last stopped: it is interrupted.`, {
        runId: run.id,
      });
    }
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
    const published = await this.publish(sources);
    try {
      const run = queuedRun({
        name: request.name ?? null,
        promote: request.promote,
        baseModel: planned.baseModel.name,
        hyperparameters: planned.hyperparameters,
        datasetId: idOf(sources.training, published),
        validationDatasetId: sources.validation && idOf(sources.validation, published),
      });
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

  /** Newest first. */
  list(query: PageRequest, status?: RunStatus): Promise<Page<RunSummary>> {
    return this.runs.page(query, status);
  }

  /**
   * Takes a run out of the queue, or has it stop at the end of its step. A run that is cancelled already stays so.
   * @throws NotFoundError, ConflictError if it has ended in another way
   */
  async cancel(id: string): Promise<Run> {
    const run = await this.runs.get(id);
    if (run.status === 'queued' && (await this.runs.transition(id, { status: 'cancelled' }))) {
      return this.runs.get(id);
    }
    if (run.status !== 'cancelled' && !this.host.stop(id, 'cancelled')) {
      const { status } = await this.runs.get(id);
      throw new ConflictError(
        hasEnded(status)
          ? `Run ${id} has ended already: it is ${status}. Only a queued or running one can be cancelled.`
          : `Run ${id} is registering its model and cannot be cancelled any more. Delete the model instead.`,
      );
    }
    return this.runs.get(id);
  }

  /** @throws NotFoundError, ConflictError while it is queued or running, or a model descends from it */
  async delete(id: string): Promise<void> {
    const { status, modelId } = await this.runs.get(id);
    if (!hasEnded(status)) {
      throw new ConflictError(`Run ${id} is ${status}. Cancel it first: POST /train/${id}/cancel.`);
    }
    try {
      await this.runs.delete(id);
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

  private async plan(
    request: TrainingRequest,
    uploads: Uploads,
  ): Promise<PlannedRun & { memory: Space | null; sources: Sources }> {
    const sources = {
      training: trainingSource(request, uploads),
      validation: validationSource(request, uploads),
    };
    const training = await this.factsOf(sources.training);
    const validation = sources.validation && (await this.factsOf(sources.validation));
    assertTrainable(training, validation === null);
    const checked = await this.checks.check(request, training);
    const hyperparameters = hyperparametersOf(request, validation === null);
    return { sources, training, validation, hyperparameters, ...checked };
  }

  private async factsOf(source: RowsSource): Promise<PlannedRows> {
    if ('datasetId' in source) return this.datasets.open(source.datasetId);
    const { content, path } = source.upload;
    return { ...content, path, id: 'of the form' };
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

function idOf(source: RowsSource, published: ReadonlyMap<RowsSource, Dataset>): string {
  return 'datasetId' in source ? source.datasetId : published.get(source)!.id;
}
