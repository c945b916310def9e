import path from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeletionGuards, type DeletionGuard } from '../common/deletion-guards.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../common/errors.js';
import { newId } from '../common/identifiers.js';
import { nameFrom } from '../api/names.js';
import type { Page, PageRequest } from '../database/pages.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import { Transactions } from '../database/transactions.js';
import { BlobStore, type BlobKey } from '../storage/blob-store.js';
import { writeDataset, type DatasetContent } from './dataset-writer.js';
import type { Dataset } from './dataset.js';
import { DatasetsRepository } from './datasets.repository.js';
import { fileFormatOf, type FileDescription } from './reading/file-format.js';
import {
  cursorOf,
  parseCursor,
  bytesOfRow,
  readRowsAt,
  rowFilter,
  ROWS_FILE,
  type RowFilter,
  type RowsPage,
  type RowsSource,
  type StoredRow,
} from './rows-file.js';
import { overlapOf, type Overlap } from './statistics/overlap.js';

/** The limit of most file systems. */
const LONGEST_FILE_NAME = 255;

/** A valid file that is not stored yet. Always call `discard` in the end. After `publish` it does nothing. */
export interface PreparedDataset {
  readonly content: DatasetContent;
  /** Path of the file with the rows, until it is published or discarded. */
  readonly path: string;
  /** Moves the rows to their final place. Call `storePublished` afterwards. */
  publish(name?: string): Promise<Dataset>;
  discard(): Promise<void>;
}

export interface RowsRequest extends RowFilter {
  limit: number;
  cursor?: string;
}

/**
 * The maximum number of rows that one filtered request looks at, so that a rare word in a large file keeps
 * nobody waiting.
 */
const MOST_ROWS_LOOKED_AT = 20_000;
const ROWS_AT_ONCE = 500;

export interface NumberedRow extends StoredRow {
  /** Number of the row in the dataset, from 1. */
  row: number;
}

@Injectable()
export class DatasetsService implements OnModuleInit {
  private readonly guards = new DeletionGuards();

  constructor(
    private readonly datasets: DatasetsRepository,
    private readonly transactions: Transactions,
    private readonly blobs: BlobStore,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.setUnknownFilesAside();
  }

  /**
   * Reads a file without storing it, for a request that is decided once all its parts have arrived.
   * @throws InvalidInputError if its rows are invalid
   */
  async prepare(stream: AsyncIterable<Uint8Array>, file: FileDescription): Promise<PreparedDataset> {
    const format = fileFormatOf(file);
    const folder = await this.blobs.stage();
    try {
      const content = await writeDataset(stream, format, folder);
      return {
        content,
        path: path.join(folder.path, ROWS_FILE),
        discard: () => folder.discard(),
        publish: async (name) => {
          const id = newId('ds');
          try {
            await folder.publish(keyOf(id), content.sums);
          } catch (error) {
            await folder.discard();
            throw error;
          }
          return datasetOf(id, content, { name, fileName: file.fileName });
        },
      };
    } catch (error) {
      await folder.discard();
      throw error;
    }
  }

  /**
   * Stores published data sets, and what belongs to them, in one transaction. If it fails, their rows are
   * removed too.
   * @param alongside runs in that transaction
   */
  async storePublished(datasets: readonly Dataset[], alongside: () => Promise<void>): Promise<void> {
    try {
      await this.transactions.run(async () => {
        for (const dataset of datasets) await this.datasets.insert(dataset);
        await alongside();
      });
    } catch (error) {
      await this.discardPublished(datasets);
      throw error;
    }
  }

  /** Removes the rows of published data sets that will not be stored. */
  async discardPublished(datasets: readonly Dataset[]): Promise<void> {
    for (const { id } of datasets) await this.blobs.delete(keyOf(id));
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Dataset> {
    const found = await this.datasets.find(id);
    if (!found) throw noSuchDataset(id);
    return found;
  }

  list(query: PageRequest): Promise<Page<Dataset>> {
    return this.datasets.page(query);
  }

  /** Number of data sets. */
  count(): Promise<number> {
    return this.datasets.count();
  }

  /**
   * Returns a data set and the path of its rows, for `readRows`.
   * @throws NotFoundError, DamagedError if the rows are not what was stored
   */
  async open(id: string): Promise<Dataset & { path: string }> {
    const dataset = await this.get(id);
    const folder = await this.blobs.open(keyOf(dataset.id), [ROWS_FILE]);
    return { ...dataset, path: path.join(folder, ROWS_FILE) };
  }

  /**
   * Returns rows in the order of the file, all or those that match a filter. With a filter a page before the
   * last one may have fewer than `limit` rows, or none: a request looks at no more than {@link
   * MOST_ROWS_LOOKED_AT} rows.
   * @throws NotFoundError, DamagedError, InvalidInputError if the cursor does not belong to this data set
   */
  async rows(id: string, { limit, cursor, ...filter }: RowsRequest): Promise<Page<NumberedRow>> {
    const { id: known } = await this.get(id);
    const isWanted = rowFilter(filter);
    let position = cursor === undefined ? { row: 1, offset: 0 } : parseCursor(cursor);
    const end = (position?.row ?? 0) + MOST_ROWS_LOOKED_AT;
    const items: NumberedRow[] = [];
    do {
      const page: RowsPage | undefined =
        position && (await this.page(keyOf(known), position.offset, isWanted ? ROWS_AT_ONCE : limit));
      if (!position || !page) {
        const message = 'cursor must be the nextCursor of an earlier page of the same data set, unchanged';
        throw new InvalidInputError(`The query is not valid: ${message}`, [{ parameter: 'cursor', message }]);
      }
      for (const row of page.rows) {
        if (!isWanted || isWanted(row)) items.push({ row: position.row, ...row });
        position = { row: position.row + 1, offset: position.offset + bytesOfRow(row) };
        if (items.length === limit) break;
      }
      if (page.nextOffset === null && position.offset >= page.endOffset) return { items, nextCursor: null };
    } while (items.length < limit && position.row < end);
    return { items, nextCursor: cursorOf(position) };
  }

  /** @throws DamagedError if rows are not what was stored */
  overlap(rows: RowsSource, others: RowsSource): Promise<Overlap> {
    return overlapOf(rows, others);
  }

  /** @param guard returns why a data set must stay, or null. It runs in the transaction that deletes the data set. */
  keepWhile(guard: DeletionGuard): void {
    this.guards.add(guard);
  }

  /** @throws NotFoundError, ConflictError while something needs it */
  async delete(id: string): Promise<void> {
    try {
      await this.transactions.runDeletion(async () => {
        await this.guards.assertUnneeded(id);
        if (!(await this.datasets.delete(id))) throw noSuchDataset(id);
      });
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new ConflictError(`Data set ${id} is now in use. First delete what uses it.`);
    }
    // Delete the row first. If the process crashes here, the next start sets the files aside.
    await this.blobs.delete(keyOf(id));
  }

  private async page(key: BlobKey, offset: number, limit: number): Promise<RowsPage | undefined> {
    const file = await this.blobs.openFile(key, ROWS_FILE);
    try {
      return await readRowsAt(file.handle, offset, limit).finally(() => file.assertUnchanged());
    } finally {
      await file.handle.close();
    }
  }

  /** Sets folders without a row aside. A process that ended before it stored the row leaves such a folder. */
  private async setUnknownFilesAside(): Promise<void> {
    const known = await this.datasets.ids();
    await this.blobs.setAsideUnknown('datasets', new Set(known.map(keyOf)));
  }
}

function datasetOf(
  id: string,
  { sums: _sums, warnings, ...content }: DatasetContent,
  { name, fileName }: { name?: string; fileName?: string },
): Dataset {
  // Browsers may send a path, and a client may send anything. The name is kept for people to read and never
  // used as a path.
  const baseName = (fileName ?? '').split(/[\\/]/).at(-1)!;
  return {
    id,
    name: name ?? (nameFrom(path.parse(baseName).name) || id),
    ...content,
    warnings,
    originalFileName: nameFrom(baseName, LONGEST_FILE_NAME) || null,
    createdAt: new Date(),
  };
}

function keyOf(id: string): BlobKey {
  return `datasets/${id}`;
}

function noSuchDataset(id: string): NotFoundError {
  return new NotFoundError(`There is no data set ${id}. GET /datasets lists the data sets.`);
}
