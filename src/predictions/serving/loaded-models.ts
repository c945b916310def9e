import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DeadlineExceededError, InvalidModelError, QueueFullError } from '../../bert/errors.js';
import { precisions, type Precision } from '../../bert/onnx/precisions.js';
import type { ScoringTrace } from '../../bert/serving/scoring-request.js';
import type { Scores, ServedModel, ServingOptions } from '../../bert/serving/served-model.js';
import { DamagedError, UnavailableError } from '../../common/errors.js';
import { withoutServerFolders } from '../../common/server-folders.js';
import { Settings } from '../../config/settings.js';
import { Instruments } from '../../metrics/instruments.js';
import { PRODUCTION } from '../../models/model-version.js';
import { ModelsService } from '../../models/models.service.js';
import { RegistryEvents } from '../../models/registry-events.js';
import { ModelPool, type Held, type Lease, type WaitLimits } from './model-pool.js';
import { VersionCache } from './version-cache.js';

/** A model whose last load failed. */
export interface LoadFailure {
  modelId: string;
  precision: Precision;
  message: string;
  /** Time of the first failure. */
  at: Date;
}

/** A model that is loading, in memory or leaving. */
export interface HeldModel extends Omit<Held, 'key'> {
  modelId: string;
  precision: Precision;
}

export interface Preparation {
  /** Aborted when the model is no longer needed. */
  signal: AbortSignal;
  /** Called once the model can serve. */
  ready: () => void;
  /** Whether the model with this id should leave first if too many are in memory. */
  leavesFirst: (modelId: string) => boolean;
}

export interface ScoreOptions extends WaitLimits {
  deadline: number;
  /** Whether to wait for room in a full queue until the deadline, instead of failing. */
  waitsForRoom?: boolean;
  trace?: ScoringTrace & { loaded(): void };
}

/** How often to check a full queue for room, in milliseconds. */
const ROOM_INTERVAL = 50;

/** A trial sentence: a working model gives it a finite score. */
const TRIAL = 'A model that is fit to serve gives this sentence a number.';

/** What to do about a model folder that cannot be used. */
const RESTORE = 'Train the model again, or restore the data folder from a backup.';

/** The models that are in memory and ready to judge. */
@Injectable()
export class LoadedModels implements OnApplicationShutdown {
  private readonly logger = new Logger(LoadedModels.name);
  private readonly failed = new Map<string, LoadFailure>();
  private readonly pool: ModelPool<ServedModel>;

  constructor(
    private readonly models: ModelsService,
    private readonly versions: VersionCache,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
    events: RegistryEvents,
  ) {
    this.pool = new ModelPool(
      settings.loadedModels,
      (key) => this.load(...partsOf(key)),
      (loaded) => this.instruments.predictions.loadedModels.set(loaded),
    );
    instruments.predictions.queueLimit.set(settings.predictQueue);
    instruments.beforeScrape(() => instruments.predictions.failedModels.set(this.failed.size));
    events.onModelDeleted(async (modelId) => {
      await this.pool.remove((key) => partsOf(key)[0] === modelId);
      for (const precision of precisions) this.failed.delete(keyOf(modelId, precision));
    });
  }

  /** At this point no request is left that could load a model again. */
  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }

  /** Models whose last load failed. */
  get failures(): LoadFailure[] {
    return [...this.failed.values()];
  }

  /** Models in memory, the least recently used first. */
  get held(): HeldModel[] {
    return this.pool.held.map(({ key, ...held }) => {
      const [modelId, precision] = partsOf(key);
      return { modelId, precision, ...held };
    });
  }

  /** Maximum number of models in memory. A swap may use one more. */
  get capacity(): number {
    return this.pool.capacity;
  }

  /** Whether a model is in memory, in any precision. */
  has(modelId: string): boolean {
    return this.held.some((one) => one.modelId === modelId && one.state !== 'leaving');
  }

  failureOf(modelId: string): LoadFailure | undefined {
    return this.failures.find((failure) => failure.modelId === modelId);
  }

  /**
   * Keeps a model in memory until the lease is released, and loads it if needed.
   * @param limits how long to wait for loading or for room
   * @throws UnavailableError if it cannot be loaded
   * @throws DamagedError if its files are damaged
   * @throws NotFoundError if it was deleted in the meantime
   * @throws DeadlineExceededError at the deadline, and the reason of the signal
   */
  take(modelId: string, precision: Precision, limits: WaitLimits = {}): Promise<Lease<ServedModel>> {
    return this.pool.take(keyOf(modelId, precision), limits);
  }

  /**
   * Scores sentences with a model, in batches with those of other requests.
   * @throws as {@link take}; UnavailableError if the model fails; QueueFullError
   */
  async score(
    modelId: string,
    precision: Precision,
    sentences: readonly string[],
    options: ScoreOptions,
  ): Promise<Scores> {
    const { value: model, retire, release } = await this.take(modelId, precision, options);
    options.trace?.loaded();
    const end = this.instruments.predictions.seconds.startTimer();
    try {
      const scores = await scoreWhenThereIsRoom(model, sentences, options);
      end();
      return scores;
    } catch (error) {
      if (isUsual(error as Error)) throw error;
      // Its thread may be gone. The next request loads the model again.
      retire();
      const { message, stack } = error as Error;
      this.logger.error(`Model ${modelId} failed: ${message}`, { modelId }, stack);
      throw new UnavailableError(
        `Model ${modelId} failed. Send the request again: the service then loads the model again.`,
      );
    } finally {
      release();
    }
  }

  /**
   * Loads a model that is to replace another one. No model has to leave before it is ready. One at a time.
   * @throws as {@link take}
   */
  async prepare(
    modelId: string,
    precision: Precision,
    { signal, ready, leavesFirst }: Preparation,
  ): Promise<void> {
    const beside = { leavesFirst: (key: string) => leavesFirst(partsOf(key)[0]) };
    const { release } = await this.pool.take(keyOf(modelId, precision), { signal, beside });
    try {
      ready();
    } finally {
      release();
    }
  }

  private async load(id: string, precision: Precision): Promise<ServedModel> {
    // Check again now that it is in the cache: from here on, its files stay until it has left, even if it is
    // deleted.
    await this.versions.find(id);
    const key = keyOf(id, precision);
    try {
      const started = performance.now();
      const model = await this.loadTried(id, precision);
      this.failed.delete(key);
      const seconds = (performance.now() - started) / 1000;
      this.instruments.predictions.modelLoadSeconds.observe(seconds);
      this.logger.log(`Loaded ${id} (${precision}) in ${seconds.toFixed(2)} s`, { modelId: id });
      return model;
    } catch (error) {
      const { message: reason, stack } = error as Error;
      const advice = error instanceof InvalidModelError ? ` ${RESTORE}` : '';
      const message = withoutServerFolders(`${reason}${advice}`, this.settings);
      const known = this.failed.get(key);
      if (known?.message !== message) {
        this.failed.set(key, { modelId: id, precision, message, at: new Date() });
        this.logger.error(
          `Model ${id} (${precision}) could not be loaded: ${reason}`,
          { modelId: id },
          stack,
        );
      }
      const Kind = error instanceof DamagedError ? DamagedError : UnavailableError;
      throw new Kind(
        `Model ${id} could not be loaded: ${message} Until that is fixed, name another one in "model", ` +
          `or point the alias to one: PUT /aliases/${PRODUCTION} {"modelId": …}.`,
      );
    }
  }

  private async loadTried(id: string, precision: Precision): Promise<ServedModel> {
    const recording = { on: false };
    const model = await this.models.load(id, precision, this.options(recording));
    try {
      const { judgements } = await model.score([TRIAL]);
      if (!Number.isFinite(judgements[0]!.score)) {
        throw new Error(`It computes no number for "${TRIAL}": its weights are unusable. Train it again.`);
      }
      recording.on = true;
      return model;
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /** @param recording becomes `on` when requests use the model, so that the trial is not recorded. */
  private options(recording: { on: boolean }): ServingOptions {
    const { inferenceThreads, predictBatchTokens, predictQueue, predictMaxWait, predictCache } =
      this.settings;
    return {
      threads: inferenceThreads,
      limits: {
        tokensPerBatch: predictBatchTokens,
        maxQueuedSentences: predictQueue,
        maxWait: predictMaxWait,
      },
      rememberedSentences: predictCache,
      observer: {
        queued: (change) => this.instruments.predictions.queueLength.inc(change),
        computed: (batch) => {
          if (recording.on) this.instruments.predictions.recordBatch(batch);
        },
      },
    };
  }
}

async function scoreWhenThereIsRoom(
  model: ServedModel,
  sentences: readonly string[],
  { waitsForRoom = false, ...options }: ScoreOptions,
): Promise<Scores> {
  for (;;) {
    try {
      return await model.score(sentences, options);
    } catch (error) {
      const isLate = performance.now() + ROOM_INTERVAL > options.deadline;
      if (!(error instanceof QueueFullError) || !waitsForRoom || isLate) throw error;
    }
    await setTimeout(ROOM_INTERVAL, undefined, { signal: options.signal });
  }
}

function keyOf(modelId: string, precision: Precision): string {
  return `${modelId}/${precision}`;
}

function partsOf(key: string): [modelId: string, precision: Precision] {
  return key.split('/') as [string, Precision];
}

/** Whether a request ended early although the model works. */
function isUsual(error: Error): boolean {
  return (
    error instanceof QueueFullError || error instanceof DeadlineExceededError || error.name === 'AbortError'
  );
}
