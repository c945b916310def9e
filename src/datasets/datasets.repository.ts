import { Injectable } from '@nestjs/common';
import { findPage, type Page, type PageRequest } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import { DatasetEntity } from './dataset.entity.js';
import type { Dataset } from './dataset.js';

/** Data sets in the database. Their rows lie in files. */
@Injectable()
export class DatasetsRepository {
  constructor(private readonly transactions: Transactions) {}

  async insert({ warnings, ...dataset }: Dataset): Promise<void> {
    const row = { ...dataset, problems: warnings };
    await this.transactions.run((manager) => manager.insert(DatasetEntity, row as never));
  }

  async find(id: string): Promise<Dataset | null> {
    const found = await this.rows.findOneBy({ id });
    return found && datasetOf(found);
  }

  async page(query: PageRequest): Promise<Page<Dataset>> {
    const { items, nextCursor } = await findPage(this.rows, query);
    return { items: items.map(datasetOf), nextCursor };
  }

  count(): Promise<number> {
    return this.rows.count();
  }

  async ids(): Promise<string[]> {
    return (await this.rows.find({ select: { id: true } })).map(({ id }) => id);
  }

  /**
   * Deletes a data set. Fails with a foreign key error if something still needs it.
   * @returns whether it existed
   */
  delete(id: string): Promise<boolean> {
    return this.transactions.run(async (manager) =>
      Boolean((await manager.delete(DatasetEntity, { id })).affected),
    );
  }

  private get rows() {
    return this.transactions.manager.getRepository(DatasetEntity);
  }
}

function datasetOf({ problems, ...entity }: DatasetEntity): Dataset {
  // Rows from before there were other formats have no format. They are TSV.
  const statistics = { ...entity.statistics, fileFormat: entity.statistics.fileFormat ?? ('tsv' as const) };
  return { ...entity, statistics, warnings: problems };
}
