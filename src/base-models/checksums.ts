import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { SourceError } from './source.js';

/** sha256 of a file in lower-case hex. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash, { signal });
  return hash.digest('hex');
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
