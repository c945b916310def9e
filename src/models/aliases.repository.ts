import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/transactions.js';
import type { Alias, AliasChange } from './alias.js';
import { AliasChangeEntity } from './alias-change.entity.js';
import { AliasEntity } from './alias.entity.js';

const MAX_HISTORY = 100;

/** Aliases and their history in the database. */
@Injectable()
export class AliasesRepository {
  constructor(private readonly transactions: Transactions) {}

  /** All aliases, by name. */
  list(): Promise<Alias[]> {
    return this.aliases.find({ order: { name: 'ASC' } });
  }

  find(name: string): Promise<Alias | null> {
    return this.aliases.findOneBy({ name });
  }

  /** The aliases that point to a version, by name. */
  pointingTo(modelId: string): Promise<Alias[]> {
    return this.aliases.find({ where: { modelId }, order: { name: 'ASC' } });
  }

  count(): Promise<number> {
    return this.aliases.count();
  }

  /** Newest first. */
  history(name: string): Promise<AliasChange[]> {
    const order = { id: 'DESC' } as const;
    return this.changes.find({ where: { name }, order, take: MAX_HISTORY });
  }

  /**
   * Points an alias to a model, or removes it (null), and stores the reason. It does nothing if the alias
   * already points there.
   */
  async move(name: string, modelId: string | null, reason: string): Promise<void> {
    await this.transactions.run(async () => {
      const previousModelId = (await this.find(name))?.modelId ?? null;
      if (previousModelId === modelId) return;
      const now = new Date();
      if (modelId === null) await this.aliases.delete({ name });
      else await this.aliases.save({ name, modelId, updatedAt: now });
      await this.changes.insert({ name, modelId, previousModelId, reason, createdAt: now });
    });
  }

  private get aliases() {
    return this.transactions.manager.getRepository(AliasEntity);
  }

  private get changes() {
    return this.transactions.manager.getRepository(AliasChangeEntity);
  }
}
