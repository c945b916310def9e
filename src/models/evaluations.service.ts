import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { withMccInterval } from '../bert/evaluation/bootstrap.js';
import { evaluatePredictions } from '../bert/evaluation/evaluation.js';
import type { Precision } from '../bert/onnx/precisions.js';
import { ConflictError, NotFoundError, TooManyRequestsError } from '../common/errors.js';
import { newId } from '../common/identifiers.js';
import { isSpaceError } from '../common/disk-errors.js';
import type { Page, PageRequest } from '../database/pages.js';
import { withoutServerFolders } from '../common/server-folders.js';
import { untilStored } from '../common/until-stored.js';
import { Settings } from '../config/settings.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import { Transactions } from '../database/transactions.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { readRows } from '../datasets/rows-file.js';
import type { EvaluationRecord, EvaluationResult, StoredEvaluation } from './evaluation-record.js';
import { EvaluationsRepository } from './evaluations.repository.js';
import { judgeRows } from './judging.js';
import { ModelsService } from './models.service.js';

/** Seconds to wait before a retry if too many evaluations wait. */
const RETRY_AFTER = 60;

interface PlannedEvaluation {
  id: string;
  modelId: string;
  datasetId: string;
  precision: Precision;
}

/** Evaluates models on whole data sets in the background, one after another. */
@Injectable()
export class EvaluationsService implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(EvaluationsService.name);
  private readonly stop = new AbortController();
  private readonly progress = new Map<string, number>();
  private readonly waiting: PlannedEvaluation[] = [];
  /** Evaluations that are being stored count as waiting too. */
  private arriving = 0;
  private current: { id: string; cancel: AbortController } | undefined;
  private working: Promise<void> | undefined;

  constructor(
    private readonly evaluations: EvaluationsRepository,
    private readonly models: ModelsService,
    private readonly datasets: DatasetsService,
    private readonly settings: Settings,
    private readonly transactions: Transactions,
  ) {
    // A finished evaluation outlives its data set.
    datasets.keepWhile(async (datasetId) => {
      const judging = await this.evaluations.openOne({ datasetId });
      return (
        judging &&
        `Data set ${datasetId} is being judged by ${judging}. Delete it when that evaluation has ended.`
      );
    });
  }

  /** Evaluations of an earlier process cannot continue. */
  async onModuleInit(): Promise<void> {
    await this.evaluations.interruptAll();
  }

  /** Stops the running evaluation. It and all waiting ones become `interrupted`. */
  onModuleDestroy(): void {
    this.stop.abort();
    this.waiting.length = 0;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.working;
    // If this fails, the next start does it.
    await this.evaluations
      .interruptAll()
      .catch((error: Error) =>
        this.logger.error(`The evaluations that the shutdown ends could not be stored: ${error.message}`),
      );
  }

  /**
   * @param alongside done in the transaction that stores the evaluation
   * @throws NotFoundError if there is no such model or dataset
   * @throws ConflictError if the model has no int8 precision but is to judge with it
   * @throws TooManyRequestsError if too many wait already
   */
  async start(
    modelIdOrAlias: string,
    datasetId: string,
    precision: Precision,
    alongside?: (evaluation: EvaluationRecord) => Promise<void>,
  ): Promise<EvaluationRecord> {
    const model = await this.models.resolve(modelIdOrAlias);
    if (precision === 'int8' && model.serving === null) {
      throw new ConflictError(
        `Model ${model.id} was registered before int8 existed and has only fp32. Use "precision": "fp32", or train the model again.`,
      );
    }
    const dataset = await this.datasets.get(datasetId);
    const id = newId('evl');
    const row = {
      id,
      modelId: model.id,
      datasetId,
      datasetName: dataset.name,
      contentHash: dataset.contentHash,
      precision,
      status: 'queued' as const,
      result: null,
      error: null,
      createdAt: new Date(),
      finishedAt: null,
    };
    this.assertRoom();
    this.arriving++;
    try {
      await this.transactions.run(async () => {
        await this.evaluations.insert(row);
        await alongside?.(this.record(row));
      });
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new NotFoundError(`Model ${model.id} or data set ${datasetId} has just been deleted.`);
    } finally {
      this.arriving--;
    }
    this.waiting.push(row);
    this.working ??= this.work();
    return this.record(row);
  }

  /**
   * Removes an evaluation from the queue, or stops it. Cancelling again does nothing.
   * @throws NotFoundError, ConflictError if it has ended in another way
   */
  async cancel(modelIdOrAlias: string, id: string): Promise<EvaluationRecord> {
    const { modelId } = await this.find(modelIdOrAlias, id);
    const place = this.waiting.findIndex((planned) => planned.id === id);
    if (place >= 0) this.waiting.splice(place, 1);
    if (this.current?.id === id) this.current.cancel.abort();
    await this.evaluations.end(id, { status: 'cancelled' });
    const evaluation = await this.find(modelId, id);
    if (evaluation.status === 'cancelled') return evaluation;
    throw new ConflictError(
      `Evaluation ${id} has ended already: it is ${evaluation.status}. Only a queued or running one can be cancelled.`,
    );
  }

  /**
   * Newest first.
   *
   * @throws NotFoundError if there is no such model
   */
  async list(modelIdOrAlias: string, query: PageRequest): Promise<Page<EvaluationRecord>> {
    const { id: modelId } = await this.models.resolve(modelIdOrAlias);
    const page = await this.evaluations.page(modelId, query);
    return { ...page, items: page.items.map((row) => this.record(row)) };
  }

  /** @throws NotFoundError if there is no such model, or it has no such evaluation. */
  async find(modelIdOrAlias: string, id: string): Promise<EvaluationRecord> {
    const { id: modelId } = await this.models.resolve(modelIdOrAlias);
    const row = await this.evaluations.find(id, modelId);
    if (row) return this.record(row);
    throw new NotFoundError(
      `Model ${modelId} has no evaluation ${id}. GET /models/${modelId}/evaluations lists them.`,
    );
  }

  private assertRoom(): void {
    const { evaluationQueue } = this.settings;
    if (this.waiting.length + this.arriving < evaluationQueue) return;
    throw new TooManyRequestsError(
      `${evaluationQueue} evaluations are already waiting, which is the limit. Try again when some have ended, or cancel one: ` +
        'POST /models/ID/evaluations/ID/cancel. WELLFORMED_EVALUATION_QUEUE allows more.',
      RETRY_AFTER,
    );
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await this.carryOut(next);
    this.working = undefined;
  }

  private async carryOut(evaluation: PlannedEvaluation): Promise<void> {
    const { id } = evaluation;
    const cancel = new AbortController();
    this.current = { id, cancel };
    try {
      // It may have been cancelled before it was queued.
      if (!(await this.evaluations.begin(id))) return;
      const result = await this.judge(evaluation, AbortSignal.any([this.stop.signal, cancel.signal]));
      await this.evaluations.end(id, { status: 'succeeded', result });
    } catch (error) {
      // The code that stopped it stores the status.
      if (!this.stop.signal.aborted && !cancel.signal.aborted) await this.fail(id, error as Error);
    } finally {
      this.current = undefined;
      this.progress.delete(id);
    }
  }

  private async judge(
    { id, modelId, datasetId, precision }: PlannedEvaluation,
    signal: AbortSignal,
  ): Promise<EvaluationResult> {
    signal.throwIfAborted();
    const started = performance.now();
    const { rows, ...stored } = await this.datasets.open(datasetId);
    const model = await this.models.load(modelId, precision, { threads: this.settings.inferenceThreads });
    try {
      const { labels, logits, truncated } = await judgeRows(model, readRows(stored), rows, {
        onProgress: (judged) => this.progress.set(id, judged / rows),
        signal,
      });
      const evaluation = evaluatePredictions(labels, logits);
      const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
      return { ...withMccInterval(evaluation), truncated, seconds };
    } finally {
      await model.close();
    }
  }

  private async fail(id: string, error: Error): Promise<void> {
    this.logger.error(`Evaluation ${id} failed: ${error.message}`, { evaluationId: id }, error.stack);
    const failure = { title: 'The evaluation failed', detail: this.told(error) };
    // While it counts as unfinished, neither its model nor its data set can be deleted. A full disk may need
    // exactly that.
    await untilStored(() => this.evaluations.end(id, { status: 'failed', error: failure }), {
      failed: (reason) =>
        this.logger.error(`The end of evaluation ${id} could not be stored: ${reason.message}`, {
          evaluationId: id,
        }),
      // The next start finds the unfinished row and ends it.
      isGivenUp: () => this.stop.signal.aborted,
      signal: this.stop.signal,
    });
  }

  private told(error: Error): string {
    if (isSpaceError(error)) return 'The disk of the service is full. Make room, then start it again.';
    return withoutServerFolders(error.message, this.settings);
  }

  private record(row: StoredEvaluation): EvaluationRecord {
    return { ...row, progress: row.status === 'succeeded' ? 1 : (this.progress.get(row.id) ?? 0) };
  }
}
