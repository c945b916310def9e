/** Settings of base models, as plain data that can be sent to a worker thread. */
export interface BaseModelOptions {
  /** Where base models lie, both those put there by hand and those downloaded. */
  folder: string;
  hubUrl: string;
  /** Which models outside of the catalogue may be fetched from the hub. */
  hubModels: 'any' | 'catalogue' | readonly string[];
  /** Largest model that is downloaded, all its files together. */
  maxBytes: number;
}

/** Picks them out of the service's settings. */
export function baseModelOptions(settings: {
  readonly baseModelFolder: string;
  readonly hubUrl: string;
  readonly hubModels: BaseModelOptions['hubModels'];
  readonly baseModelMaxBytes: number;
}): BaseModelOptions {
  return {
    folder: settings.baseModelFolder,
    hubUrl: settings.hubUrl,
    hubModels: settings.hubModels,
    maxBytes: settings.baseModelMaxBytes,
  };
}
