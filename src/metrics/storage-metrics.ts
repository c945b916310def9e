import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { DATABASE_FILE } from '../database/database-file.js';
import { BlobStore } from '../storage/blob-store.js';
import { DataFolder } from '../storage/data-folder.js';
import { Instruments } from './instruments.js';

/** Measures used and free space before each scrape. */
@Injectable()
export class StorageMetrics {
  constructor(
    private readonly instruments: Instruments,
    private readonly blobs: BlobStore,
    private readonly folder: DataFolder,
    private readonly settings: Settings,
  ) {
    instruments.beforeScrape(() => this.showDisk('data', folder.path));
    instruments.beforeScrape(() => this.showBaseModelDisk());
    instruments.beforeScrape(() => this.showDatabase());
    instruments.beforeScrape(() => this.showBlobs());
  }

  private async showDisk(folder: string, place: string): Promise<void> {
    const { bavail, bfree, blocks, bsize } = await statfs(place);
    this.instruments.resources.diskFree.set({ folder }, bavail * bsize);
    // Space that is reserved for root counts neither as free nor as used.
    this.instruments.resources.diskSize.set({ folder }, (blocks - bfree + bavail) * bsize);
  }

  /** The folder does not exist before the first base model is stored. */
  private async showBaseModelDisk(): Promise<void> {
    await this.showDisk('base-models', this.settings.baseModelFolder).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      },
    );
  }

  private async showDatabase(): Promise<void> {
    const file = path.join(this.folder.path, DATABASE_FILE);
    const [database, log] = await Promise.all([sizeOf(file), sizeOf(`${file}-wal`)]);
    this.instruments.resources.databaseBytes.set(database + log);
  }

  private async showBlobs(): Promise<void> {
    for (const kind of ['datasets', 'models'] as const) {
      const { folders, bytes, damaged } = await this.blobs.usage(kind);
      this.instruments.resources.storedFolders.set({ kind }, folders);
      this.instruments.resources.storedBytes.set({ kind }, bytes);
      this.instruments.resources.damagedFolders.set({ kind }, damaged);
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return found?.size ?? 0;
}
