import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InvalidModelError } from '../bert/errors.js';
import { openModelFolder } from '../bert/weights/model-folder.js';
import { InvalidInputError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import { withoutServerFolders } from '../common/server-folders.js';
import { Settings } from '../config/settings.js';
import { lookUpBaseModel, UnknownBaseModelError } from './base-model-name.js';
import { catalogue, type EncoderSizes } from './catalogue.js';
import { baseModelOptions, type BaseModelOptions } from './options.js';
import { removeAbandoned } from './staging.js';
import { readManifest } from './stored-folder.js';

/** What can be said of a base model without downloading it. */
export interface BaseModelSummary {
  /** As the catalogue has it, where it was named by its hub id. */
  name: string;
  /** Whether it lies in the base-model folder already. */
  stored: boolean;
  /** null for a model outside of the catalogue that is not downloaded yet. */
  architecture: EncoderSizes | null;
}

/** Knows which base models a run may start from. The training worker fetches them itself, with `ensureBaseModel`. */
@Injectable()
export class BaseModelsService implements OnModuleInit {
  /** For the training worker. */
  readonly options: BaseModelOptions;

  constructor(private readonly settings: Settings) {
    this.options = baseModelOptions(settings);
  }

  /** A download that was killed may have left gigabytes. */
  async onModuleInit(): Promise<void> {
    await removeAbandoned(this.options.folder);
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
      throw new InvalidInputError(message, [{ pointer: '#/baseModel', message }]);
    }
  }
}
