import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InvalidModelError } from '../bert/errors.js';
import { openModelFolder } from '../bert/weights/model-folder.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import { withoutServerFolders } from '../common/server-folders.js';
import { Settings } from '../config/settings.js';
import { Instruments } from '../metrics/instruments.js';
import { lookUpBaseModel, UnknownBaseModelError } from './base-model-name.js';
import { catalogue, type EncoderSizes } from './catalogue.js';
import { baseModelOptions, type BaseModelOptions } from './options.js';
import { removeAbandoned } from './staging.js';
import { readManifest } from './stored-folder.js';
import { listBaseModels, removeStored, storedSpace, type BaseModel } from './stored-models.js';

/** What can be said of a base model without downloading it. */
export interface BaseModelSummary {
  /** As the catalogue has it, where it was named by its hub id. */
  name: string;
  /** Whether it lies in the base-model folder already. */
  stored: boolean;
  /** null for a model outside of the catalogue that is not downloaded yet. */
  architecture: EncoderSizes | null;
}

export interface BaseModelInUse extends BaseModel {
  /** The run that has not ended and needs it. */
  usedBy: string | null;
}

/** Knows which base models a run may start from. The training worker fetches them itself, with `ensureBaseModel`. */
@Injectable()
export class BaseModelsService implements OnModuleInit {
  /** For the training worker. */
  readonly options: BaseModelOptions;

  private uses: () => Promise<ReadonlyMap<string, string>> = () => Promise.resolve(new Map());

  constructor(
    private readonly settings: Settings,
    instruments: Instruments,
  ) {
    this.options = baseModelOptions(settings);
    instruments.beforeScrape(async () => {
      const { folders, bytes } = await storedSpace(this.options.folder);
      const kind = 'base-models';
      instruments.resources.storedFolders.set({ kind }, folders);
      instruments.resources.storedBytes.set({ kind }, bytes);
    });
  }

  /** A download that was killed may have left gigabytes. */
  async onModuleInit(): Promise<void> {
    await removeAbandoned(this.options.folder);
  }

  /** @param uses tells which base models are used now, by name, and the run that uses each: those are not deleted */
  onUses(uses: () => Promise<ReadonlyMap<string, string>>): void {
    this.uses = uses;
  }

  /** Those of the catalogue first, then others that are on disk. */
  async list(): Promise<BaseModelInUse[]> {
    const uses = await this.uses();
    const models = await listBaseModels(this.options.folder);
    return models.map((model) => ({ ...model, usedBy: uses.get(model.name) ?? null }));
  }

  /** @throws NotFoundError if it is not on disk, ConflictError if a run uses it or somebody put it there by hand */
  async delete(name: string): Promise<void> {
    const model = await lookUpBaseModel(name, this.options).catch((error: unknown) => {
      if (error instanceof UnknownBaseModelError) return null;
      throw error;
    });
    if (!model?.stored) {
      throw new NotFoundError(`There is no base model of this name on disk. GET /base-models lists them.`);
    }
    const run = (await this.uses()).get(model.name);
    if (run) {
      throw new ConflictError(
        `Run ${run} uses ${model.name}. Wait until it has ended, or cancel it (POST /train/${run}/cancel).`,
      );
    }
    const outcome = await removeStored(this.options.folder, model.path);
    if (outcome === 'removed') return;
    throw new ConflictError(
      outcome === 'link'
        ? `${model.name} is a link. Remove it from the base-model folder by hand.`
        : `${model.name} was put into the base-model folder by hand. Remove its folder by hand, too.`,
    );
  }

  /**
   * Checks a name before a run is stored; reads at most the headers of files.
   * @throws InvalidInputError if it stands for nothing that is allowed, or for a stored folder that cannot be used.
   */
  async check(name: string): Promise<BaseModelSummary> {
    try {
      const model = await lookUpBaseModel(name, this.options);
      if (!model.stored) {
        return { name: model.name, stored: false, architecture: model.entry?.architecture ?? null };
      }
      await readManifest(model.folder);
      const { config, weights } = openModelFolder(model.folder);
      weights.close();
      return { name: model.name, stored: true, architecture: config };
    } catch (error) {
      if (!(error instanceof UnknownBaseModelError) && !(error instanceof InvalidModelError)) throw error;
      const meant = nearest(
        name,
        catalogue.map((entry) => entry.name),
      );
      const told = withoutServerFolders(error.message, this.settings);
      const message =
        meant && error instanceof UnknownBaseModelError ? `${told} Did you mean ${meant}?` : told;
      throw new InvalidInputError(message, [{ path: ['baseModel'], message }]);
    }
  }
}
