import { sha256OfFile } from '../storage/file-hash.js';
import { SourceError } from './source.js';

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
