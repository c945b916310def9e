import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import { chanceWarning } from '../bert/evaluation/warnings.js';
import type { Precision } from '../bert/onnx/precisions.js';
import type { ServingAssessment } from '../bert/serving/assessment.js';
import { ServedModel, type ServingOptions } from '../bert/serving/served-model.js';
import { ConflictError, DamagedError, NotFoundError } from '../common/errors.js';
import { newId } from '../common/identifiers.js';
import { findPage, type Page, type PageQuery } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import { BlobStore, type BlobKey, type ManifestFile, type StoredFile } from '../storage/blob-store.js';
import { moveAlias } from './alias-moves.js';
import { isModelId } from './alias-name.js';
import { AliasEntity } from './alias.entity.js';
import { openEvaluationStatuses } from './evaluation-record.js';
import { EvaluationEntity } from './evaluation.entity.js';
import { modelCard } from './model-card.js';
import { PRODUCTION, type ModelSummary, type ModelVersion, type Promotion } from './model-version.js';
import { modelDetails, ModelVersionEntity } from './model-version.entity.js';
import { decidePromotion, type Contender } from './promotion.js';
import { assertComplete, type Registration } from './registration.js';
import { RegistryEvents } from './registry-events.js';
import { isWeightsFile, servesFrom } from './served-files.js';

/** A model as somebody asked for it. */
export interface ResolvedModel {
  id: string;
  name: string;
  /** Null where it was asked for by its id. */
  alias: string | null;
  /** See {@link ModelVersion}. */
  serving: ServingAssessment | null;
}

/** The registry of trained models. Wherever it takes a model's id it takes an alias too. */
@Injectable()
export class ModelsService implements OnModuleInit {
  private readonly logger = new Logger(ModelsService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly blobs: BlobStore,
    private readonly events: RegistryEvents,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.setUnknownFilesAside();
  }

  /**
   * Makes a trained model a version. The files are published first and the row inserted after, so a crash between the two
   * leaves files that nobody knows of, which the next start sets aside. In the transaction of the row, the version becomes
   * production if the rule of promotion says so. Takes the staged folder over: it is gone when this fails.
   */
  async register(registration: Registration): Promise<ModelVersion> {
    const { staged: _staged, sums: _sums, baseModelHubId: _id, license: _license, ...rest } = registration;
    const { alongside, promote, ...known } = rest;
    const id = newId('mdl');
    const { config, files } = await this.publish(registration, id);
    const { best } = known.metrics;
    const row = { ...known, id, config, best, files, bytes: bytesOf(files), createdAt: new Date() };
    let promotion: Promotion;
    try {
      promotion = await this.transactions.run(async (manager) => {
        const decision = decidePromotion(promote, contender(row), await this.production(manager));
        await manager.insert(ModelVersionEntity, { ...row, config: config as never, promotion: decision });
        if (decision.promoted) await moveAlias(manager, PRODUCTION, id, decision.reason);
        await alongside?.(manager, id);
        return decision;
      });
    } catch (error) {
      await this.blobs.delete(blobKey(id));
      throw error;
    }
    const { mcc } = row.metrics.best;
    // One that judges no better than chance and is asked by everybody all the same is worth a warning.
    const level = promotion.promoted && chanceWarning(mcc) !== null ? 'warn' : 'log';
    this.logger[level](`Registered ${id} (MCC ${mcc.toFixed(4)}). ${promotion.reason}`, {
      modelId: id,
      runId: row.runId,
    });
    if (promotion.promoted) this.events.aliasMoved(PRODUCTION, id);
    return this.find(id);
  }

  /** Newest first. */
  async list(query: PageQuery): Promise<Page<ModelSummary>> {
    const models = this.dataSource.getRepository(ModelVersionEntity);
    const { items, nextCursor } = await findPage(models, query, {}, modelDetails);
    return { items: await this.withAliases(items), nextCursor };
  }

  /** @throws NotFoundError if there is no such model or alias. */
  async find(idOrAlias: string): Promise<ModelVersion> {
    const { id } = await this.resolve(idOrAlias);
    const [model] = await this.withAliases(await this.dataSource.manager.findBy(ModelVersionEntity, { id }));
    return model ?? notFound(idOrAlias);
  }

  /**
   * Which model is meant.
   *
   * @throws NotFoundError if there is no such model or alias
   */
  async resolve(idOrAlias: string, manager: EntityManager = this.dataSource.manager): Promise<ResolvedModel> {
    const alias = isModelId(idOrAlias) ? null : idOrAlias;
    const id = alias === null ? idOrAlias : (await manager.findOneBy(AliasEntity, { name: alias }))?.modelId;
    if (id === undefined) return notFound(idOrAlias);
    const model = await manager.findOne(ModelVersionEntity, {
      select: { id: true, name: true, serving: true },
      where: { id },
    });
    return model ? { id, name: model.name, alias, serving: model.serving } : notFound(idOrAlias);
  }

  /** How many versions there are. */
  count(): Promise<number> {
    return this.dataSource.manager.count(ModelVersionEntity);
  }

  /**
   * Opens a file of a version. The caller closes it.
   *
   * @throws NotFoundError if it has no such file, or has been deleted meanwhile
   * @throws DamagedError if it is not what was registered
   */
  async openFile({ id, files }: Pick<ModelVersion, 'id' | 'files'>, name: string): Promise<StoredFile> {
    // Only what the registry names is ever opened: the name from outside never becomes a path.
    const registered = files.find((one) => one.name === name);
    if (!registered) {
      const names = files.map((one) => one.name).join(', ');
      throw new NotFoundError(`Model ${id} has no file "${name}". It has: ${names}.`);
    }
    const file = await this.blobs.openFile(blobKey(id), name);
    if (file.sha256 === registered.sha256) return file;
    await file.handle.close();
    throw new DamagedError(
      `The registry and the manifest of ${id} do not agree on the sha256 of ${name}. Restore both from one backup ` +
        `(docs/operations.md), or delete the version (DELETE /models/${id}) and train it again.`,
    );
  }

  /**
   * Makes a version ready to judge, with files that are what was registered. Close it.
   *
   * @throws NotFoundError if there is no such version, or it has been deleted meanwhile
   * @throws DamagedError if one of the files is not what was registered
   * @throws InvalidModelError if it cannot be served in this precision
   */
  async load(id: string, precision: Precision, options: ServingOptions = {}): Promise<ServedModel> {
    const { files } = await this.find(id);
    const names = files.map(({ name }) => name).filter(servesFrom(precision));
    // What is small is checked before it is read; the weights, in a thread of their own, while they are loaded.
    const folder = await this.blobs.open(
      blobKey(id),
      names.filter((name) => !isWeightsFile(name)),
    );
    const loading = ServedModel.load(folder, { ...options, precision });
    try {
      await this.blobs.open(blobKey(id), names);
      const model = await loading;
      // Asked once more, since a file may have changed between the two readings: that takes no time where none has.
      await this.blobs.open(blobKey(id), names);
      return model;
    } catch (error) {
      await loading.then((model) => model.close()).catch(() => {});
      throw error;
    }
  }

  /** @throws NotFoundError if there is no such model. */
  async rename(idOrAlias: string, name: string): Promise<ModelVersion> {
    const { id } = await this.resolve(idOrAlias);
    await this.transactions.run((manager) => manager.update(ModelVersionEntity, { id }, { name }));
    this.events.modelChanged(id);
    return this.find(id);
  }

  /**
   * Deletes a version, its evaluations and its files. The row goes first: what a crash leaves is removed at the next start.
   *
   * @throws NotFoundError if there is no such model
   * @throws ConflictError if an alias points to it, or an evaluation is under way
   */
  async delete(idOrAlias: string): Promise<void> {
    const id = await this.transactions.runDeletion(async (manager) => {
      const model = await this.resolve(idOrAlias, manager);
      await assertUnused(manager, model.id);
      await manager.delete(ModelVersionEntity, { id: model.id });
      return model.id;
    });
    await this.events.modelDeleted(id);
    await this.blobs.delete(blobKey(id));
  }

  private async publish(registration: Registration, id: string) {
    const { staged, sums } = registration;
    try {
      await assertComplete(registration);
      await writeFile(path.join(staged.path, 'README.md'), modelCard(registration));
      const json = await readFile(path.join(staged.path, 'config.json'), 'utf8');
      const { files } = await staged.publish(blobKey(id), sums);
      return { config: JSON.parse(json) as Record<string, unknown>, files };
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  private async setUnknownFilesAside(): Promise<void> {
    const known = await this.dataSource.manager.find(ModelVersionEntity, { select: { id: true } });
    await this.blobs.setAsideUnknown('models', new Set(known.map(({ id }) => blobKey(id))));
  }

  private async production(manager: EntityManager): Promise<Contender | null> {
    const alias = await manager.findOneBy(AliasEntity, { name: PRODUCTION });
    if (!alias) return null;
    return contender(await manager.findOneByOrFail(ModelVersionEntity, { id: alias.modelId }));
  }

  private async withAliases<T extends { id: string }>(rows: T[]): Promise<(T & { aliases: string[] })[]> {
    const aliases = await this.dataSource.manager.find(AliasEntity, {
      where: { modelId: In(rows.map((row) => row.id)) },
      order: { name: 'ASC' },
    });
    return rows.map((row) => ({
      ...row,
      aliases: aliases.filter((alias) => alias.modelId === row.id).map((alias) => alias.name),
    }));
  }
}

function blobKey(id: string): BlobKey {
  return `models/${id}`;
}

function contender({
  id,
  metrics,
  validation,
}: Pick<ModelVersion, 'id' | 'metrics' | 'validation'>): Contender {
  return { id, mcc: metrics.best.mcc, validation: validation.contentHash };
}

function bytesOf(files: ManifestFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

async function assertUnused(manager: EntityManager, modelId: string): Promise<void> {
  const aliases = await manager.findBy(AliasEntity, { modelId });
  if (aliases.length > 0) {
    const names = aliases.map(({ name }) => `"${name}"`).join(', ');
    throw new ConflictError(
      `The alias ${names} points to this model. Point it to another one first: ` +
        `PUT /aliases/${aliases[0]!.name} {"modelId": …}, or remove it: DELETE /aliases/${aliases[0]!.name}.`,
    );
  }
  const evaluation = await manager.findOneBy(EvaluationEntity, {
    modelId,
    status: In(openEvaluationStatuses),
  });
  if (evaluation) {
    throw new ConflictError(
      `Evaluation ${evaluation.id} is judging with this model. Wait until it has ended.`,
    );
  }
}

function notFound(idOrAlias: string): never {
  throw new NotFoundError(
    isModelId(idOrAlias)
      ? `There is no model ${idOrAlias}. GET /models lists them.`
      : `There is no model or alias "${idOrAlias}". GET /models and GET /aliases list them.`,
  );
}
