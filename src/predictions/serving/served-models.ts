import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DeadlineExceededError, QueueFullError } from '../../bert/errors.js';
import { variants, type Variant } from '../../bert/onnx/variants.js';
import type { ServedModel, ServingOptions } from '../../bert/serving/served-model.js';
import { DamagedError, UnavailableError } from '../../common/errors.js';
import { withoutServerFolders } from '../../common/server-folders.js';
import { Settings } from '../../config/settings.js';
import { Instruments } from '../../metrics/instruments.js';
import { PRODUCTION } from '../../models/model-version.js';
import { ModelsService, type ResolvedModel } from '../../models/models.service.js';
import { RegistryEvents } from '../../models/registry-events.js';
import { ModelCache, type Held } from './model-cache.js';
import type { Patience } from '../within.js';
import { RegisteredVersions } from './registered-versions.js';

/** A model that could not be loaded when it was last tried. */
export interface LoadFailure {
  modelId: string;
  precision: Variant;
  message: string;
  /** When it failed first. */
  at: Date;
}

/** A model in memory, or on its way there or out. */
export interface HeldModel extends Omit<Held, 'key'> {
  modelId: string;
  precision: Variant;
}

export interface Preparation {
  /** Aborted where it is not wanted any more. */
  signal: AbortSignal;
  /** Called once the model can serve. */
  ready: () => void;
  /** Of a model's id: whether it should leave if now there are too many in memory. */
  leavesFirst: (modelId: string) => boolean;
}

/** Any model gives a number for this; nobody asks for it. */
const TRIAL = 'A model that is fit to serve gives this sentence a number.';

/** The models that are in memory and ready to judge. */
@Injectable()
export class ServedModels implements OnApplicationShutdown {
  private readonly logger = new Logger(ServedModels.name);
  private readonly failed = new Map<string, LoadFailure>();
  private readonly cache: ModelCache<ServedModel>;

  constructor(
    private readonly models: ModelsService,
    private readonly versions: RegisteredVersions,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
    events: RegistryEvents,
  ) {
    this.cache = new ModelCache(
      settings.loadedModels,
      (key) => this.load(...partsOf(key)),
      (loaded) => this.instruments.predictions.loadedModels.set(loaded),
    );
    instruments.predictions.queueLimit.set(settings.predictQueue);
    instruments.beforeScrape(() => instruments.predictions.failedModels.set(this.failed.size));
    events.onModelDeleted(async (modelId) => {
      await this.cache.remove((key) => partsOf(key)[0] === modelId);
      for (const variant of variants) this.failed.delete(keyOf(modelId, variant));
    });
  }

  /** By now no request is left that could load one again. */
  async onApplicationShutdown(): Promise<void> {
    await this.cache.close();
  }

  /** Models that could not be loaded. */
  get failures(): LoadFailure[] {
    return [...this.failed.values()];
  }

  /** Models in memory, the least recently used first. */
  get held(): HeldModel[] {
    return this.cache.held.map(({ key, ...held }) => {
      const [modelId, precision] = partsOf(key);
      return { modelId, precision, ...held };
    });
  }

  /** How many there may be, but for one more during a swap. */
  get capacity(): number {
    return this.cache.capacity;
  }

  /** Whether a model is in memory, in whatever precision. */
  has(modelId: string): boolean {
    return this.held.some((one) => one.modelId === modelId && one.state !== 'leaving');
  }

  failureOf(modelId: string): LoadFailure | undefined {
    return this.failures.find((failure) => failure.modelId === modelId);
  }

  /**
   * Keeps a model loaded while `work` uses it.
   *
   * @param patience how long it may wait for the loading, or for others to make room
   * @throws UnavailableError if it cannot be loaded, or fails
   * @throws DamagedError if its files are damaged
   * @throws NotFoundError if it has been deleted meanwhile
   * @throws QueueFullError, DeadlineExceededError or an AbortError as `work` does
   */
  use<R>(
    { id }: Pick<ResolvedModel, 'id'>,
    variant: Variant,
    work: (model: ServedModel) => Promise<R>,
    patience: Patience = {},
  ): Promise<R> {
    return this.cache.use(
      keyOf(id, variant),
      (model, retire) =>
        work(model).catch((error: Error) => {
          if (isUsual(error)) throw error;
          // Its thread may be gone: the next request gets it loaded afresh.
          retire();
          this.logger.error(`Model ${id} failed: ${error.message}`, { modelId: id }, error.stack);
          throw new UnavailableError(`Model ${id} failed and is loaded anew. Send the request again.`);
        }),
      patience,
    );
  }

  /**
   * Loads a model that is to take over from another one, beside those that are there: nobody has to leave before it is ready.
   * One at a time.
   *
   * @throws as {@link use} does
   */
  async prepare(
    { id }: Pick<ResolvedModel, 'id'>,
    variant: Variant,
    { signal, ready, leavesFirst }: Preparation,
  ): Promise<void> {
    const beside = { leavesFirst: (key: string) => leavesFirst(partsOf(key)[0]) };
    await this.cache.use(keyOf(id, variant), async () => ready(), { signal, beside });
  }

  private async load(id: string, variant: Variant): Promise<ServedModel> {
    // Asked now that it has its place in the cache: if it is deleted from here on, its files stay until it has left.
    await this.versions.find(id);
    const key = keyOf(id, variant);
    try {
      const started = performance.now();
      const model = await this.loadTried(id, variant);
      this.failed.delete(key);
      const seconds = (performance.now() - started) / 1000;
      this.instruments.predictions.modelLoadSeconds.observe(seconds);
      this.logger.log(`Loaded ${id} (${variant}) in ${seconds.toFixed(2)} s`, { modelId: id });
      return model;
    } catch (error) {
      const { message: reason, stack } = error as Error;
      const message = withoutServerFolders(reason, this.settings);
      const known = this.failed.get(key);
      if (known?.message !== message) {
        this.failed.set(key, { modelId: id, precision: variant, message, at: new Date() });
        this.logger.error(`Model ${id} (${variant}) could not be loaded: ${reason}`, { modelId: id }, stack);
      }
      const Kind = error instanceof DamagedError ? DamagedError : UnavailableError;
      throw new Kind(
        `Model ${id} could not be loaded: ${message} Until that is mended, name another one in "model" ` +
          `or point the alias to one: PUT /aliases/${PRODUCTION} {"modelId": …}.`,
      );
    }
  }

  private async loadTried(id: string, variant: Variant): Promise<ServedModel> {
    const recording = { on: false };
    const model = await this.models.load(id, variant, this.options(recording));
    try {
      const { judgements } = await model.score([TRIAL]);
      if (!Number.isFinite(judgements[0]!.score)) {
        throw new Error(`It gives no number for "${TRIAL}": its weights are no good. Train it again.`);
      }
      recording.on = true;
      return model;
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /** @param recording on once others than the loading itself use the model. */
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

function keyOf(modelId: string, variant: Variant): string {
  return `${modelId}/${variant}`;
}

function partsOf(key: string): [modelId: string, variant: Variant] {
  return key.split('/') as [string, Variant];
}

/** Whether a request ended early without any fault of the model. */
function isUsual(error: Error): boolean {
  return (
    error instanceof QueueFullError || error instanceof DeadlineExceededError || error.name === 'AbortError'
  );
}
