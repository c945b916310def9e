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

/** What is known of a base model before it is downloaded. */
export interface BaseModelSummary {
  /** The name in the catalogue, even if the request gave the hub id. */
  name: string;
  /** Whether it is in the base-model folder. */
  stored: boolean;
  /** Null for a model that is neither in the catalogue nor downloaded. */
  architecture: EncoderSizes | null;
}

export interface BaseModelInUse extends BaseModel {
  /** The unfinished run that needs the model. */
  usedBy: string | null;
}

/** Knows which base models a run may start from. The training worker itself fetches them with `ensureBaseModel`. */
@Injectable()
export class BaseModelsService implements OnModuleInit {
  /** Options for the training worker. */
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

  /** Removes what killed downloads have left, which may be gigabytes. */
  async onModuleInit(): Promise<void> {
    await removeAbandoned(this.options.folder);
  }

  /** @param uses returns the base models in use by name, each with the run that uses it. They cannot be deleted. */
  onUses(uses: () => Promise<ReadonlyMap<string, string>>): void {
    this.uses = uses;
  }

  /** Lists the models of the catalogue first, then the others on disk. */
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
   * Checks a name before a run is stored. It reads at most the headers of files.
   * @throws InvalidInputError if the name refers to nothing that is allowed, or to a stored folder that
   * cannot be used
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
