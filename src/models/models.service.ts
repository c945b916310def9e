import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { chanceWarning } from '../bert/evaluation/warnings.js';
import { type Precision, graphFiles, int8WeightsFile, precisions } from '../bert/onnx/precisions.js';
import { ServedModel, type ServingOptions } from '../bert/serving/served-model.js';
import { DeletionGuards, type DeletionGuard } from '../common/deletion-guards.js';
import { ConflictError, DamagedError, NotFoundError } from '../common/errors.js';
import { newId } from '../common/identifiers.js';
import type { Page, PageRequest } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import { BlobStore, type BlobKey, type ManifestFile, type StoredFile } from '../storage/blob-store.js';
import { isModelId } from './alias.js';
import { AliasesRepository } from './aliases.repository.js';
import { EvaluationsRepository } from './evaluations.repository.js';
import { modelCard } from './model-card.js';
import {
  PRODUCTION,
  type ModelSummary,
  type ModelVersion,
  type Promotion,
  type PromotionRule,
} from './model-version.js';
import { ModelsRepository, type VersionFacts } from './models.repository.js';
import { decidePromotion, type Contender } from './promotion.js';
import { assertComplete, type Registration } from './registration.js';
import { RegistryEvents } from './registry-events.js';

/** A model as somebody asked for it. */
export interface ResolvedModel extends VersionFacts {
  /** Null where it was asked for by its id. */
  alias: string | null;
}

/** The registry of trained models. Wherever it takes a model's id it takes an alias too. */
@Injectable()
export class ModelsService implements OnModuleInit {
  private readonly logger = new Logger(ModelsService.name);
  private readonly guards = new DeletionGuards();

  constructor(
    private readonly versions: ModelsRepository,
    private readonly aliases: AliasesRepository,
    private readonly evaluations: EvaluationsRepository,
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
    const found = { ...known, id, config, best, files, bytes: bytesOf(files), createdAt: new Date() };
    let version: ModelVersion;
    try {
      version = await this.transactions.run(async () => {
        const promotion = decidePromotion(promote, contender(found), await this.production());
        await this.versions.insert({ ...found, promotion, aliases: [] });
        if (promotion.promoted) await this.aliases.move(PRODUCTION, id, promotion.reason);
        await alongside?.(id);
        return this.find(id);
      });
    } catch (error) {
      await this.blobs.delete(blobKey(id));
      throw error;
    }
    const { promotion, runId } = version;
    // One that judges no better than chance and is asked by everybody all the same is worth a warning.
    const level = promotion.promoted && chanceWarning(best.mcc) !== null ? 'warn' : 'log';
    this.logger[level](`Registered ${id} (MCC ${best.mcc.toFixed(4)}). ${promotion.reason}`, {
      modelId: id,
      runId,
    });
    if (promotion.promoted) this.events.aliasMoved(PRODUCTION, id);
    return version;
  }

  /**
   * Applies a rule of promotion to a version that was registered without one.
   * @param because what comes before the reason that is stored
   * @throws NotFoundError if there is no such model
   */
  async promote(id: string, rule: PromotionRule, because: string): Promise<Promotion> {
    return this.transactions.run(async () => {
      const version = await this.find(id);
      const { promoted, reason } = decidePromotion(rule, contender(version), await this.production());
      const promotion = { promoted, reason: `${because} ${reason}` };
      await this.versions.setPromotion(id, promotion);
      if (promoted) {
        await this.aliases.move(PRODUCTION, id, promotion.reason);
        this.transactions.afterCommit(() => this.events.aliasMoved(PRODUCTION, id));
      }
      this.logger.log(`${id}: ${promotion.reason}`, { modelId: id });
      return promotion;
    });
  }

  /** Newest first. */
  list(query: PageRequest): Promise<Page<ModelSummary>> {
    return this.versions.page(query);
  }

  /** @throws NotFoundError if there is no such model or alias. */
  async find(idOrAlias: string): Promise<ModelVersion> {
    const { id } = await this.resolve(idOrAlias);
    return (await this.versions.find(id)) ?? notFound(idOrAlias);
  }

  /**
   * Which model is meant.
   *
   * @throws NotFoundError if there is no such model or alias
   */
  async resolve(idOrAlias: string): Promise<ResolvedModel> {
    const alias = isModelId(idOrAlias) ? null : idOrAlias;
    const id = alias === null ? idOrAlias : (await this.aliases.find(alias))?.modelId;
    const version = id === undefined ? null : await this.versions.factsOf(id);
    return version ? { ...version, alias } : notFound(idOrAlias);
  }

  /** How many versions there are. */
  count(): Promise<number> {
    return this.versions.count();
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
   * The folder of a version to train on with, its weights and its tokenizer checked.
   *
   * @throws NotFoundError if there is no such version
   * @throws DamagedError if one of the files is not what was registered
   */
  async folderOf(id: string): Promise<string> {
    const { files } = await this.find(id);
    const names = files.map(({ name }) => name).filter((name) => !name.endsWith('.onnx'));
    return this.blobs.open(blobKey(id), names);
  }

  /** @param guard says, within the transaction that deletes a model, why it must stay; null where it need not */
  keepWhile(guard: DeletionGuard): void {
    this.guards.add(guard);
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
    await this.versions.rename(id, name);
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
    const id = await this.transactions.runDeletion(async () => {
      const model = await this.resolve(idOrAlias);
      await this.assertUnused(model.id);
      await this.versions.delete(model.id);
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
    const known = await this.versions.ids();
    await this.blobs.setAsideUnknown('models', new Set(known.map(blobKey)));
  }

  private async production(): Promise<Contender | null> {
    const alias = await this.aliases.find(PRODUCTION);
    const version = alias && (await this.versions.find(alias.modelId));
    return version && contender(version);
  }

  private async assertUnused(modelId: string): Promise<void> {
    const aliases = await this.aliases.pointingTo(modelId);
    if (aliases.length > 0) {
      const names = aliases.map(({ name }) => `"${name}"`).join(', ');
      throw new ConflictError(
        `The alias ${names} points to this model. Point it to another one first: ` +
          `PUT /aliases/${aliases[0]!.name} {"modelId": …}, or remove it: DELETE /aliases/${aliases[0]!.name}.`,
      );
    }
    const evaluation = await this.evaluations.openOne({ modelId });
    if (evaluation !== null) {
      throw new ConflictError(
        `Evaluation ${evaluation} is judging with this model. Wait until it has ended.`,
      );
    }
    await this.guards.assertUnneeded(modelId);
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

function notFound(idOrAlias: string): never {
  throw new NotFoundError(
    isModelId(idOrAlias)
      ? `There is no model ${idOrAlias}. GET /models lists them.`
      : `There is no model or alias "${idOrAlias}". GET /models and GET /aliases list them.`,
  );
}

const weights: readonly string[] = ['model.safetensors', int8WeightsFile];

/** Says of a file of a version whether it is read to serve a precision: all but the card and what belongs to other precisions. */
function servesFrom(precision: Precision): (name: string) => boolean {
  const others = precisions.filter((other) => other !== precision).map((other) => graphFiles[other]);
  const unread = new Set(['README.md', ...others, ...(precision === 'int8' ? [] : [int8WeightsFile])]);
  return (name) => !unread.has(name);
}

/** Whether a file is as large as the model. */
function isWeightsFile(name: string): boolean {
  return weights.includes(name);
}
