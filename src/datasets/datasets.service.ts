import path from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
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

/** What file systems allow. */
const LONGEST_FILE_NAME = 255;

/** A file that was read and found good, and is not stored yet. `discard` must be called in the end; after `publish` it does nothing. */
export interface PreparedDataset {
  readonly content: DatasetContent;
  /** Of the file with the rows, until it is published or discarded. */
  readonly path: string;
  /** Puts the rows where they stay. Then `storePublished` must be called. */
  publish(name?: string): Promise<Dataset>;
  discard(): Promise<void>;
}

export interface RowsRequest extends RowFilter {
  limit: number;
  cursor?: string;
}

/** In one request that filters, so that a rare word in a large file keeps nobody waiting. */
const MOST_ROWS_LOOKED_AT = 20_000;
const ROWS_AT_ONCE = 500;

export interface NumberedRow extends StoredRow {
  /** Number of the row in the dataset, from 1. */
  row: number;
}

/** Says why a dataset must stay. */
export type DeletionGuard = (id: string) => Promise<string | null>;

@Injectable()
export class DatasetsService implements OnModuleInit {
  private readonly guards: DeletionGuard[] = [];

  constructor(
    private readonly datasets: DatasetsRepository,
    private readonly transactions: Transactions,
    private readonly blobs: BlobStore,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.setUnknownFilesAside();
  }

  /**
   * Reads a file without storing it: for a request that is decided on when all its parts have arrived.
   * @throws InvalidInputError where its rows are wrong
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
   * Stores data sets whose rows are published, and what belongs to them, in one transaction. Where that fails, their rows go too.
   * @param alongside done in that transaction
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

  /** Removes the rows of data sets that were published, and are not to be stored. */
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

  /** How many there are. */
  count(): Promise<number> {
    return this.datasets.count();
  }

  /**
   * A dataset and the path of the file with its rows: `readRows` reads it.
   * @throws NotFoundError, DamagedError where the rows are not what was stored
   */
  async open(id: string): Promise<Dataset & { path: string }> {
    const dataset = await this.get(id);
    const folder = await this.blobs.open(keyOf(dataset.id), [ROWS_FILE]);
    return { ...dataset, path: path.join(folder, ROWS_FILE) };
  }

  /**
   * Rows in the order of the file, all or those that a filter lets through. With a filter a page may have fewer than `limit`, even none, before
   * the last one: a request looks at {@link MOST_ROWS_LOOKED_AT} rows and no more.
   * @throws NotFoundError, DamagedError, InvalidInputError where the cursor is none of this dataset's
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
        const message = 'cursor must be the nextCursor of an earlier page of the same dataset, unchanged';
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

  /** @throws DamagedError where rows are not what was stored */
  overlap(rows: RowsSource, others: RowsSource): Promise<Overlap> {
    return overlapOf(rows, others);
  }

  /** @param guard says, within the transaction that deletes a dataset, why it must stay; null where it need not */
  keepWhile(guard: DeletionGuard): void {
    this.guards.push(guard);
  }

  /** @throws NotFoundError, ConflictError while something needs it */
  async delete(id: string): Promise<void> {
    try {
      await this.transactions.runDeletion(async () => {
        for (const guard of this.guards) {
          const reason = await guard(id);
          if (reason !== null) throw new ConflictError(reason);
        }
        if (!(await this.datasets.delete(id))) throw noSuchDataset(id);
      });
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new ConflictError(`Dataset ${id} has just come into use. Delete what uses it first.`);
    }
    // After the row: what a crash leaves here is set aside at the next start.
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

  /** A process that ended before it stored a row left such a folder. */
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
  // Browsers may send a path, and anybody anything: kept for people to read, never used as a path.
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
  return new NotFoundError(`There is no dataset ${id}. GET /datasets lists the datasets.`);
}
