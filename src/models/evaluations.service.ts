import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { bootstrapMcc } from '../bert/evaluation/bootstrap.js';
import { evaluatePredictions } from '../bert/evaluation/evaluation.js';
import type { Variant } from '../bert/onnx/variants.js';
import { ConflictError, NotFoundError } from '../common/errors.js';
import { newId } from '../common/identifiers.js';
import { isSpaceError } from '../common/space-errors.js';
import { findPage, type Page, type PageQuery } from '../common/pagination.js';
import { withoutServerFolders } from '../common/server-folders.js';
import { untilStored } from '../common/until-stored.js';
import { Settings } from '../config/settings.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import { Transactions } from '../database/transactions.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { readRows } from '../datasets/rows-file.js';
import type { EvaluationRecord, EvaluationResult } from './evaluation-record.js';
import { EvaluationEntity } from './evaluation.entity.js';
import { judgeRows } from './judging.js';
import { ModelsService } from './models.service.js';

/** Fixed, so that the same judgements always have the same interval. */
const BOOTSTRAP = { resamples: 1000, seed: 42 };

interface PlannedEvaluation {
  id: string;
  modelId: string;
  datasetId: string;
  precision: Variant;
}

/** Judges whole datasets in the background, one after another. */
@Injectable()
export class EvaluationsService implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(EvaluationsService.name);
  private readonly stop = new AbortController();
  private readonly progress = new Map<string, number>();
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly models: ModelsService,
    private readonly datasets: DatasetsService,
    private readonly settings: Settings,
  ) {}

  /** Nobody works any more on what an earlier process has left. */
  async onModuleInit(): Promise<void> {
    await this.transactions.run((manager) =>
      manager.update(
        EvaluationEntity,
        { status: In(['queued', 'running']) },
        { status: 'interrupted', finishedAt: new Date() },
      ),
    );
  }

  /** Ends what is under way, which is then `interrupted`. */
  onModuleDestroy(): void {
    this.stop.abort();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.last;
  }

  /**
   * @throws NotFoundError if there is no such model or dataset
   * @throws ConflictError if the model has no int8 variant but is to judge with it
   */
  async start(modelIdOrAlias: string, datasetId: string, precision: Variant): Promise<EvaluationRecord> {
    const model = await this.models.resolve(modelIdOrAlias);
    if (precision === 'int8' && model.serving === null) {
      throw new ConflictError(
        `Model ${model.id} was registered before there was int8, and has fp32 alone. Take "precision": "fp32", or train it again.`,
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
      createdAt: new Date(),
    };
    try {
      await this.transactions.run((manager) => manager.insert(EvaluationEntity, row));
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new NotFoundError(`Model ${model.id} or dataset ${datasetId} has just been deleted.`);
    }
    this.last = this.last.then(() => this.carryOut(row));
    return this.find(model.id, id);
  }

  /**
   * Newest first.
   *
   * @throws NotFoundError if there is no such model
   */
  async list(modelIdOrAlias: string, query: PageQuery): Promise<Page<EvaluationRecord>> {
    const { id: modelId } = await this.models.resolve(modelIdOrAlias);
    const page = await findPage(this.dataSource.getRepository(EvaluationEntity), query, { modelId });
    return { ...page, items: page.items.map((row) => this.record(row)) };
  }

  /** @throws NotFoundError if there is no such model, or no such evaluation of it. */
  async find(modelIdOrAlias: string, id: string): Promise<EvaluationRecord> {
    const { id: modelId } = await this.models.resolve(modelIdOrAlias);
    const row = await this.dataSource.manager.findOneBy(EvaluationEntity, { id, modelId });
    if (row) return this.record(row);
    throw new NotFoundError(
      `Model ${modelId} has no evaluation ${id}. GET /models/${modelId}/evaluations lists them.`,
    );
  }

  private async carryOut(evaluation: PlannedEvaluation): Promise<void> {
    const { id } = evaluation;
    try {
      this.stop.signal.throwIfAborted();
      await this.update(id, { status: 'running' });
      const result = await this.judge(evaluation);
      await this.update(id, { status: 'succeeded', result, finishedAt: new Date() });
    } catch (error) {
      await this.fail(id, error as Error);
    } finally {
      this.progress.delete(id);
    }
  }

  private async judge({ id, modelId, datasetId, precision }: PlannedEvaluation): Promise<EvaluationResult> {
    const started = performance.now();
    const { rows, ...stored } = await this.datasets.open(datasetId);
    const model = await this.models.load(modelId, precision, { threads: this.settings.inferenceThreads });
    try {
      const { labels, logits, truncated } = await judgeRows(model, readRows(stored), rows, {
        onProgress: (judged) => this.progress.set(id, judged / rows),
        signal: this.stop.signal,
      });
      const evaluation = evaluatePredictions(labels, logits);
      const mccInterval = bootstrapMcc(evaluation.confusionMatrix, BOOTSTRAP);
      const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
      return { ...evaluation, mccInterval, truncated, seconds };
    } finally {
      await model.close();
    }
  }

  private async fail(id: string, error: Error): Promise<void> {
    const change: Partial<EvaluationEntity> = this.stop.signal.aborted
      ? { status: 'interrupted' }
      : { status: 'failed', error: { title: 'The evaluation failed', detail: this.told(error) } };
    if (change.status === 'failed')
      this.logger.error(`Evaluation ${id} failed: ${error.message}`, { evaluationId: id }, error.stack);
    // As long as it counts as under way, neither its model nor its dataset can be deleted, which a full disk may need most.
    await untilStored(() => this.update(id, { ...change, finishedAt: new Date() }), {
      failed: (reason) =>
        this.logger.error(`The end of evaluation ${id} could not be stored: ${reason.message}`, {
          evaluationId: id,
        }),
      // The next start finds the row as it is and ends it.
      isGivenUp: () => this.stop.signal.aborted,
      signal: this.stop.signal,
    });
  }

  private told(error: Error): string {
    if (isSpaceError(error)) return 'The disk of the service is full. Make room, then start it again.';
    return withoutServerFolders(error.message, this.settings);
  }

  private async update(id: string, change: Partial<EvaluationEntity>): Promise<void> {
    await this.transactions.run((manager) => manager.update(EvaluationEntity, { id }, change));
  }

  private record(row: EvaluationEntity): EvaluationRecord {
    return { ...row, progress: row.status === 'succeeded' ? 1 : (this.progress.get(row.id) ?? 0) };
  }
}
