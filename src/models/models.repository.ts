import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { findPage, type Page, type PageRequest } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import { AliasEntity } from './alias.entity.js';
import type { ModelSummary, ModelVersion, Promotion } from './model-version.js';
import { modelDetails, ModelVersionEntity } from './model-version.entity.js';

/** The fields of a version that requests need. */
export type VersionFacts = Pick<ModelVersion, 'id' | 'name' | 'serving'>;

/** Versions in the database. */
@Injectable()
export class ModelsRepository {
  constructor(private readonly transactions: Transactions) {}

  async insert({ aliases: _none, ...version }: ModelVersion): Promise<void> {
    await this.transactions.run((manager) => manager.insert(ModelVersionEntity, version as never));
  }

  async find(id: string): Promise<ModelVersion | null> {
    const found = await this.versions.findOneBy({ id });
    return found && (await this.withAliases([found]))[0]!;
  }

  factsOf(id: string): Promise<VersionFacts | null> {
    return this.versions.findOne({ select: { id: true, name: true, serving: true }, where: { id } });
  }

  async page(query: PageRequest): Promise<Page<ModelSummary>> {
    const { items, nextCursor } = await findPage(this.versions, query, {}, modelDetails);
    return { items: await this.withAliases(items), nextCursor };
  }

  count(): Promise<number> {
    return this.versions.count();
  }

  async ids(): Promise<string[]> {
    return (await this.versions.find({ select: { id: true } })).map(({ id }) => id);
  }

  async rename(id: string, name: string): Promise<void> {
    await this.transactions.run((manager) => manager.update(ModelVersionEntity, { id }, { name }));
  }

  async setPromotion(id: string, promotion: Promotion): Promise<void> {
    await this.transactions.run((manager) => manager.update(ModelVersionEntity, { id }, { promotion }));
  }

  /** Deletes a version and its evaluations. */
  async delete(id: string): Promise<void> {
    await this.transactions.run((manager) => manager.delete(ModelVersionEntity, { id }));
  }

  private get versions() {
    return this.transactions.manager.getRepository(ModelVersionEntity);
  }

  private async withAliases<T extends { id: string }>(rows: T[]): Promise<(T & { aliases: string[] })[]> {
    const aliases = await this.transactions.manager.find(AliasEntity, {
      where: { modelId: In(rows.map((row) => row.id)) },
      order: { name: 'ASC' },
    });
    return rows.map((row) => ({
      ...row,
      aliases: aliases.filter((alias) => alias.modelId === row.id).map((alias) => alias.name),
    }));
  }
}
