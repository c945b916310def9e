import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { sha256BesideEventLoop } from './file-hash.js';

/** A change so soon after the one before may leave the times of a file as they are: clocks of file systems are coarse. */
const COARSE_CLOCK_MS = 100;

interface Sum {
  state: string;
  sha256: Promise<string>;
}

/** Hashes files, and remembers each sum as long as the file stays as it is. */
export class FileChecks {
  /** By path. */
  private readonly sums = new Map<string, Sum>();

  /** @param stats of the file now */
  async sha256(file: string, stats: BigIntStats): Promise<string> {
    const state = stateOf(stats);
    const known = this.sums.get(file);
    if (known?.state === state) return known.sha256;
    // Whoever asks meanwhile waits for the same sum.
    const sum = { state, sha256: sha256BesideEventLoop(file) };
    this.sums.set(file, sum);
    const justChanged = Math.abs(Date.now() - Number(stats.ctimeMs)) < COARSE_CLOCK_MS;
    let stays = false;
    try {
      const sha256 = await sum.sha256;
      stays = !justChanged && stateOf(await stat(file, { bigint: true })) === state;
      return sha256;
    } finally {
      if (!stays && this.sums.get(file) === sum) this.sums.delete(file);
    }
  }

  /** Nobody will ask for the files of a folder any more. */
  forget(folder: string): void {
    for (const file of this.sums.keys()) if (path.dirname(file) === folder) this.sums.delete(file);
  }
}

/** Another one once the file has been changed or replaced. */
export function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join();
}
