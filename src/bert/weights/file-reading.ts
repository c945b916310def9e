import { readSync } from 'node:fs';
import { InvalidModelError } from '../errors.js';

/** One system call moves at most 2 GiB. */
const chunkBytes = 2 ** 28;

/**
 * Fills `bytes` from an open file.
 * @param position of the first byte, from the start of the file; may be beyond 4 GiB.
 * @throws InvalidModelError if the file ends before `bytes` is full.
 */
export function readInto(file: number, bytes: Uint8Array, position: number, path: string): void {
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, Math.min(chunkBytes, bytes.length - done), position + done);
    if (read === 0) {
      throw new InvalidModelError(
        `${path} ends at byte ${position + done}, too early. Fetch or copy it again.`,
      );
    }
    done += read;
  }
}
