import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Precision } from '../../bert/onnx/precisions.js';
import { NotFoundError } from '../../common/errors.js';
import { Settings } from '../../config/settings.js';
import { Transactions } from '../../database/transactions.js';
import { Instruments } from '../../metrics/instruments.js';
import { AliasesService } from '../../models/aliases.service.js';
import { PRODUCTION } from '../../models/model-version.js';
import type { ResolvedModel } from '../../models/models.service.js';
import { RegistryEvents } from '../../models/registry-events.js';
import { judgingRule } from '../judging-rule.js';
import { VersionCache } from './version-cache.js';
import { LoadedModels } from './loaded-models.js';

/** An alias and the version that serves it. */
export interface ServedAlias {
  /** The version that the alias points to. */
  registered: string;
  /** The version that answers requests by the alias. It differs from `registered` until that one is ready. */
  serving: string;
  swap: Swap | null;
}

/** A version that is to replace the serving one. */
export interface Swap {
  modelId: string;
  state: 'loading' | 'failed';
  /** Time of the alias's move, or of the failure. */
  since: Date;
  /** Reason of the failure. */
  reason: string | null;
}

interface Following extends ServedAlias {
  swap: (Swap & { abandon: AbortController }) | null;
}

/**
 * Resolves an id or an alias to a version. When an alias moves, its previous version keeps serving until the
 * next one is loaded, checked and warm. If that fails, the previous version keeps serving.
 */
@Injectable()
export class AliasRouter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AliasRouter.name);
  private readonly following = new Map<string, Following>();
  /** Swaps run one after another, since each needs memory for one more model. */
  private turn: Promise<void> = Promise.resolve();
  private ending = false;

  constructor(
    private readonly versions: VersionCache,
    private readonly loaded: LoadedModels,
    private readonly aliases: AliasesService,
    private readonly transactions: Transactions,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
    events: RegistryEvents,
  ) {
    events.onAliasMoved((name, modelId) => (modelId === null ? this.drop(name) : this.follow(name, modelId)));
    events.onModelDeleted(async (modelId) => this.leave(modelId));
  }

  /** Loads the production model without delaying the start. A failure does not fail the start. */
  async onApplicationBootstrap(): Promise<void> {
    for (const { name, modelId } of await this.transactions.run(() => this.aliases.list())) {
      if (!this.following.has(name)) this.point(name, modelId);
    }
    if (this.following.has(PRODUCTION)) void this.warm(PRODUCTION);
  }

  /** From now on no alias is swapped: requests are being finished. */
  onModuleDestroy(): void {
    this.ending = true;
    for (const { swap } of this.following.values()) swap?.abandon.abort();
  }

  /** The aliases and their serving versions, by name. */
  get all(): (ServedAlias & { name: string })[] {
    return [...this.following]
      .map(([name, alias]) => ({ name, ...alias }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * The version that serves this id or alias.
   * @throws NotFoundError if there is no such model or alias
   */
  async resolve(idOrAlias: string): Promise<ResolvedModel> {
    for (;;) {
      const serving = this.following.get(idOrAlias)?.serving;
      if (serving === undefined) return this.versions.find(idOrAlias);
      const moved = () => this.following.get(idOrAlias)?.serving !== serving;
      try {
        const version = await this.versions.find(serving);
        if (!moved()) return { ...version, alias: idOrAlias };
      } catch (error) {
        // The version may have been deleted during the lookup. Then another one serves.
        if (!(error instanceof NotFoundError) || !moved()) throw error;
      }
    }
  }

  /**
   * The precision for requests that do not choose one.
   * @throws ConflictError if the settings require one that the version does not have
   */
  usualPrecision(version: ResolvedModel): Precision {
    return judgingRule(version, { precision: this.settings.predictPrecision, threshold: 'default' })
      .precision;
  }

  private follow(name: string, modelId: string): void {
    const alias = this.following.get(name);
    if (!alias || !this.mayStay(name, alias.serving)) return this.point(name, modelId, { warm: true });
    alias.registered = modelId;
    if (alias.serving === modelId) this.point(name, modelId);
    else if (alias.swap?.modelId !== modelId || alias.swap.state === 'failed') this.begin(name, alias);
  }

  /**
   * Whether a version keeps serving until the next one is ready. A version that is not in memory only stays
   * for production.
   */
  private mayStay(name: string, serving: string): boolean {
    return this.loaded.has(serving) || (name === PRODUCTION && !this.loaded.failureOf(serving));
  }

  private drop(name: string): void {
    this.following.get(name)?.swap?.abandon.abort();
    this.following.delete(name);
    this.instruments.models.setAliasLagging(name, null);
  }

  /** Makes this version serve the alias at once, ready or not. */
  private point(name: string, modelId: string, { warm = false } = {}): void {
    this.following.get(name)?.swap?.abandon.abort();
    this.following.set(name, { registered: modelId, serving: modelId, swap: null });
    this.instruments.models.setAliasLagging(name, false);
    if (warm && name === PRODUCTION) void this.warm(name);
  }

  private begin(name: string, alias: Following): void {
    alias.swap?.abandon.abort();
    const swap = {
      modelId: alias.registered,
      state: 'loading' as const,
      since: new Date(),
      reason: null,
      abandon: new AbortController(),
    };
    alias.swap = swap;
    if (this.ending) swap.abandon.abort();
    this.instruments.models.setAliasLagging(name, true);
    this.turn = this.turn.then(() => this.carryOut(name, alias.serving, swap));
  }

  private async carryOut(
    name: string,
    old: string,
    swap: Swap & { abandon: AbortController },
  ): Promise<void> {
    const { signal } = swap.abandon;
    if (signal.aborted) return;
    try {
      const version = await this.versions.find(swap.modelId);
      await this.loaded.prepare(version.id, this.usualPrecision(version), {
        signal,
        ready: () => {
          if (signal.aborted) return;
          this.point(name, swap.modelId);
          this.logger.log(`${swap.modelId} serves the alias "${name}" now; before, ${old} did`, {
            modelId: swap.modelId,
            alias: name,
          });
        },
        leavesFirst: (id) => (id === old || id === swap.modelId) && !this.serves(id),
      });
    } catch (error) {
      if (!signal.aborted) this.fail(name, swap, error as Error);
    }
  }

  private fail(name: string, swap: Swap, error: Error): void {
    const alias = this.following.get(name)!;
    const reason = this.loaded.failureOf(swap.modelId)?.message ?? error.message;
    this.instruments.models.countAliasSwapFailure(name);
    // The previous version was deleted in the meantime.
    if (alias.serving === swap.modelId) return this.point(name, swap.modelId);
    Object.assign(swap, { state: 'failed', since: new Date(), reason });
    this.logger.error(
      `${swap.modelId} cannot serve the alias "${name}", which ${alias.serving} goes on serving: ${reason} ` +
        `To try again: PUT /aliases/${name} {"modelId": "${swap.modelId}"}.`,
      { modelId: swap.modelId, alias: name },
    );
  }

  /** A version is being deleted. An alias that it still serves must stop using it. */
  private leave(modelId: string): void {
    for (const [name, alias] of this.following) {
      if (alias.serving !== modelId) continue;
      if (alias.swap?.state === 'loading') alias.serving = alias.registered;
      else this.point(name, alias.registered, { warm: true });
    }
  }

  private serves(modelId: string): boolean {
    return [...this.following.values()].some(({ serving }) => serving === modelId);
  }

  private async warm(name: string): Promise<void> {
    try {
      const version = await this.resolve(name);
      const lease = await this.loaded.take(version.id, this.usualPrecision(version));
      lease.release();
    } catch (error) {
      // The failure to load this model has been reported already.
      if (this.loaded.failureOf(this.following.get(name)?.serving ?? '')) return;
      this.logger.error(`"${name}" could not be warmed up: ${(error as Error).message}`, { alias: name });
    }
  }
}
