import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DataFolder } from './data-folder.js';

/** The size at which SQLite restarts its log. */
const RESERVE_BYTES = 4 * 2 ** 20;

const TRY_AGAIN_MS = 10_000;

/**
 * A reserve of disk space for a full disk. To delete something, the database must first write to its log, and
 * it needs files of its own to start. The reserve is a file. It is removed when its space is needed, and
 * written again when there is room.
 */
@Injectable()
export class SpaceReserve implements OnApplicationShutdown {
  private readonly file: string;
  private timer: NodeJS.Timeout | undefined;

  constructor(folder: DataFolder) {
    this.file = path.join(folder.path, 'reserve');
    this.spend();
  }

  /** Frees the space for the next operation. */
  spend(): void {
    rmSync(this.file, { force: true });
    this.timer ??= setInterval(() => void this.keep(), TRY_AGAIN_MS).unref();
  }

  /** Reserves the space, if there is enough. */
  async keep(): Promise<void> {
    try {
      // Random data: zeros take no space on compressed file systems.
      await writeFile(this.file, randomBytes(RESERVE_BYTES));
    } catch {
      // A partial reserve is useless.
      await rm(this.file, { force: true }).catch(() => undefined);
    }
    // It may have been spent while it was written.
    if (!existsSync(this.file)) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
