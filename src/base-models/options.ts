/** Settings of base models, as plain data that can be sent to a worker thread. */
export interface BaseModelOptions {
  /** The folder of base models, both downloaded ones and those put there by hand. */
  folder: string;
  hubUrl: string;
  /** Models outside of the catalogue that may be downloaded from the hub. */
  hubModels: 'any' | 'catalogue' | readonly string[];
  /** The maximum size of a downloaded model, all files together, in bytes. */
  maxBytes: number;
}

/** Selects these options from the service's settings. */
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
