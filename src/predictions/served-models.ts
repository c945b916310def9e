import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DeadlineExceededError, QueueFullError } from '../bert/errors.js';
import { ServedModel, type ServingOptions } from '../bert/serving/served-model.js';
import { NotFoundError, UnavailableError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { Instruments } from '../metrics/instruments.js';
import { PRODUCTION } from '../models/model-version.js';
import { ModelsService } from '../models/models.service.js';
import { RegistryEvents } from '../models/registry-events.js';
import { ModelCache } from './model-cache.js';

/** A model that could not be loaded when it was last tried. */
export interface LoadFailure {
  modelId: string;
  message: string;
  at: Date;
}

/** The models that are in memory and ready to judge. */
@Injectable()
export class ServedModels implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ServedModels.name);
  private readonly failed = new Map<string, LoadFailure>();
  private readonly cache: ModelCache<ServedModel>;

  constructor(
    private readonly models: ModelsService,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
    events: RegistryEvents,
  ) {
    this.cache = new ModelCache(
      settings.loadedModels,
      (id) => this.load(id),
      (loaded) => this.instruments.loadedModels.set(loaded),
    );
    events.onAliasMoved((name, modelId) => {
      if (name === PRODUCTION && modelId !== null) void this.warm(modelId);
    });
    events.onModelDeleted(async (modelId) => {
      this.failed.delete(modelId);
      await this.cache.remove(modelId);
    });
  }

  /** Loads what is in production without keeping the start waiting, and without failing it. */
  onApplicationBootstrap(): void {
    void this.warm(PRODUCTION);
  }

  /** By now no request is left that could load one again. */
  async onApplicationShutdown(): Promise<void> {
    await this.cache.remove();
  }

  /** Models that could not be loaded, for the health report. */
  get failures(): LoadFailure[] {
    return [...this.failed.values()];
  }

  /**
   * Keeps a model loaded while `work` uses it.
   *
   * @throws UnavailableError if it cannot be loaded, or fails
   * @throws QueueFullError, DeadlineExceededError or an AbortError as `work` does
   */
  use<R>(modelId: string, work: (model: ServedModel) => Promise<R>): Promise<R> {
    return this.cache.use(modelId, (model) =>
      work(model).catch((error: Error) => {
        if (isUsual(error)) throw error;
        // Its thread may be gone: the next request gets it loaded afresh.
        void this.cache.remove(modelId);
        this.logger.error(`Model ${modelId} failed: ${error.message}`, error.stack);
        throw new UnavailableError(`Model ${modelId} failed and is loaded anew. Send the request again.`);
      }),
    );
  }

  private async warm(idOrAlias: string): Promise<void> {
    try {
      const { id } = await this.models.resolve(idOrAlias);
      await this.use(id, async () => {});
    } catch (error) {
      // `load` has told of its own failures, and that there is no model yet is nothing to tell.
      if (error instanceof UnavailableError || error instanceof NotFoundError) return;
      this.logger.error(`${idOrAlias} could not be warmed up: ${(error as Error).message}`);
    }
  }

  private async load(id: string): Promise<ServedModel> {
    const started = performance.now();
    try {
      const model = await ServedModel.load(await this.models.folder(id), this.options());
      this.failed.delete(id);
      this.logger.log(`Loaded ${id} in ${((performance.now() - started) / 1000).toFixed(2)} s`);
      return model;
    } catch (error) {
      const { message, stack } = error as Error;
      this.failed.set(id, { modelId: id, message, at: new Date() });
      this.logger.error(`Model ${id} could not be loaded: ${message}`, stack);
      throw new UnavailableError(
        `Model ${id} could not be loaded: ${message} Until that is mended, name another one in "model" ` +
          `or point the alias to one: PUT /aliases/${PRODUCTION} {"modelId": …}.`,
      );
    }
  }

  private options(): ServingOptions {
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
        queued: (change) => this.instruments.predictionQueueLength.inc(change),
        computed: (batch) => this.instruments.recordBatch(batch),
      },
    };
  }
}

/** Whether a request ended early without any fault of the model. */
function isUsual(error: Error): boolean {
  return (
    error instanceof QueueFullError || error instanceof DeadlineExceededError || error.name === 'AbortError'
  );
}
