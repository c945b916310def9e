import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { sha256BesideEventLoop } from './file-hash.js';

/**
 * Clocks of file systems are coarse: a change soon after another one may not change the times of the file.
 */
const COARSE_CLOCK_MS = 100;

interface Sum {
  state: string;
  sha256: Promise<string>;
}

/** Hashes files, and caches each sum while the file is unchanged. */
export class FileChecks {
  /** By path. */
  private readonly sums = new Map<string, Sum>();

  /** @param stats of the file now */
  async sha256(file: string, stats: BigIntStats): Promise<string> {
    const state = stateOf(stats);
    const known = this.sums.get(file);
    if (known?.state === state) return known.sha256;
    // Concurrent callers share the same computation.
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

  /** The files of a folder will not be requested any more. */
  forget(folder: string): void {
    for (const file of this.sums.keys()) if (path.dirname(file) === folder) this.sums.delete(file);
  }
}

/** Differs once the file was changed or replaced. */
export function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join();
}
