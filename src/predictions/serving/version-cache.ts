import { Injectable } from '@nestjs/common';
import { Transactions } from '../../database/transactions.js';
import { ModelsService, type ResolvedModel } from '../../models/models.service.js';
import { RegistryEvents } from '../../models/registry-events.js';

/**
 * What predictions need to know of the versions of the registry, in memory: a database question for each request would hold up the
 * event loop. Exact: a change is forgotten here before it is answered. Names that the registry does not know are not kept.
 */
@Injectable()
export class VersionCache {
  private readonly known = new Map<string, ResolvedModel>();
  /** Counts what was forgotten: what was read before may be older than the registry. */
  private forgotten = 0;

  constructor(
    private readonly models: ModelsService,
    private readonly transactions: Transactions,
    events: RegistryEvents,
  ) {
    events.onModelChanged((id) => this.forget(id));
    events.onModelDeleted(async (id) => this.forget(id));
  }

  /** @throws NotFoundError if there is no such model or alias. */
  async find(idOrAlias: string): Promise<ResolvedModel> {
    const known = this.known.get(idOrAlias);
    if (known) return known;
    const { forgotten } = this;
    // In a transaction, which waits for others to end: outside of one, what is read might yet be rolled back.
    const version = await this.transactions.run(() => this.models.resolve(idOrAlias));
    if (version.alias === null && forgotten === this.forgotten) this.known.set(version.id, version);
    return version;
  }

  private forget(id: string): void {
    this.forgotten++;
    this.known.delete(id);
  }
}
