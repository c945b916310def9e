import { Injectable } from '@nestjs/common';
import { Transactions } from '../../database/transactions.js';
import { ModelsService, type ResolvedModel } from '../../models/models.service.js';
import { RegistryEvents } from '../../models/registry-events.js';

/**
 * Caches what predictions need from the registry: a database query per request would block the event loop.
 * The cache is exact, since a change is removed here before it is answered. Unknown names are not cached.
 */
@Injectable()
export class VersionCache {
  private readonly known = new Map<string, ResolvedModel>();
  /** Counts invalidations: a version that was read before one may be stale. */
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
    // In a transaction, which waits for others to end. Otherwise uncommitted data could be read and then
    // rolled back.
    const version = await this.transactions.run(() => this.models.resolve(idOrAlias));
    if (version.alias === null && forgotten === this.forgotten) this.known.set(version.id, version);
    return version;
  }

  private forget(id: string): void {
    this.forgotten++;
    this.known.delete(id);
  }
}
