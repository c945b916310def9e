import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { lockFile } from './sqlite.js';
import { Settings } from '../config/settings.js';
import { finishRestore } from './finish-restore.js';

/** Thrown at the start, with a message for the person who started the service. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/**
 * The folder that holds everything the service stores. This process locks it for its lifetime.
 *
 * The lock is an exclusive SQLite transaction on an empty database. It is a lock of the operating system,
 * which releases it however the process ends. A PID file would remain. No other code may open `lock.sqlite`:
 * POSIX drops all locks that a process holds on a file when it closes any of its handles to it.
 */
@Injectable()
export class DataFolder implements OnApplicationShutdown {
  readonly path: string;
  private readonly unlock: () => void;

  constructor(settings: Settings) {
    this.path = path.resolve(settings.dataFolder);
    prepare(this.path);
    this.unlock = lock(this.path);
    const replaced = finishRestore(this.path);
    if (replaced) {
      new Logger(DataFolder.name).warn(
        `Finished an interrupted restore. The data that it replaced is in ${replaced}`,
      );
    }
  }

  onApplicationShutdown(): void {
    this.unlock();
  }
}

function prepare(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${folder} cannot be written (${(error as Error).message}). ` +
        'Set WELLFORMED_DATA to a folder that this user may write, or correct its permissions.',
    );
  }
}

function lock(folder: string): () => void {
  try {
    return lockFile(path.join(folder, 'lock.sqlite'));
  } catch (error) {
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new DataFolderError(
      `The data folder ${folder} is in use by another Wellformed process. ` +
        'Stop that one first, or set WELLFORMED_DATA to a folder of its own.',
    );
  }
}
