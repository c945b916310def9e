import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DataFolder } from './data-folder.js';

/** As much as SQLite's log grows to before it is used anew from its beginning. */
const RESERVE_BYTES = 4 * 2 ** 20;

const TRY_AGAIN_MS = 10_000;

/**
 * Space in the data folder that is kept for a full disk: to delete something, the database must write it down first, and to start, it
 * needs files of its own. It is a file, which is removed when its space is needed, and written again when there is room.
 */
@Injectable()
export class SpaceReserve implements OnApplicationShutdown {
  private readonly file: string;
  private timer: NodeJS.Timeout | undefined;

  constructor(folder: DataFolder) {
    this.file = path.join(folder.path, 'reserve');
    this.spend();
  }

  /** Gives the space back to the disk, for what is done next. */
  spend(): void {
    rmSync(this.file, { force: true });
    this.timer ??= setInterval(() => void this.keep(), TRY_AGAIN_MS).unref();
  }

  /** Takes the space, if there is so much. */
  async keep(): Promise<void> {
    try {
      // Zeros would take no space where files are compressed.
      await writeFile(this.file, randomBytes(RESERVE_BYTES));
    } catch {
      // Half of it would only make the disk fuller.
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
