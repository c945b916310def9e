import { Injectable } from '@nestjs/common';
import { PRODUCTION } from '../../models/model-version.js';
import { VersionCache } from './version-cache.js';
import { LoadedModels } from './loaded-models.js';
import type { AliasStatus, ModelStatus } from './serving-state.js';
import { AliasRouter, type ServedAlias } from './alias-router.js';

/** Reports which models are in memory, which failed to load, and which model serves each alias. */
@Injectable()
export class ServingStatusService {
  constructor(
    private readonly loaded: LoadedModels,
    private readonly router: AliasRouter,
    private readonly versions: VersionCache,
  ) {}

  /** Maximum number of models in memory. */
  get capacity(): number {
    return this.loaded.capacity;
  }

  /** Most recently used first, then the failed ones. */
  async models(): Promise<ModelStatus[]> {
    const held = this.loaded.held.reverse().map((model) => ({ ...model, error: null }));
    const failed = this.loaded.failures
      .filter(({ modelId, precision }) => !held.some((one) => isOf(one, modelId, precision)))
      .map(({ modelId, precision, message, at }) => {
        return { modelId, precision, state: 'failed' as const, since: at, loadedAt: null, error: message };
      });
    return Promise.all(
      [...held, ...failed].map(async ({ modelId: id, ...model }) => ({
        id,
        name: await this.nameOf(id),
        aliases: this.router.all.filter(({ serving }) => serving === id).map(({ name }) => name),
        ...model,
      })),
    );
  }

  /** By name. */
  aliases(): AliasStatus[] {
    return this.router.all.map(({ name, ...alias }) => ({
      name,
      modelId: alias.registered,
      servedBy: alias.serving,
      ...this.progress(alias),
    }));
  }

  /**
   * Problems of production while the service still answers. Anybody may read them, so they omit the reasons.
   */
  get degraded(): string[] {
    const production = this.aliases().find(({ name }) => name === PRODUCTION);
    if (production?.state !== 'failed') return [];
    const { modelId, servedBy } = production;
    const consequence =
      servedBy === modelId
        ? 'predictions without a model of their own are answered 503'
        : `${servedBy} serves in its place`;
    return [
      `${modelId}, to which "${PRODUCTION}" points, could not be loaded: ${consequence}. GET /predict/models says why.`,
    ];
  }

  private progress({ serving, swap }: ServedAlias): Pick<AliasStatus, 'state' | 'since' | 'reason'> {
    if (swap) return { state: swap.state, since: swap.since, reason: swap.reason };
    const held = this.loaded.held.filter(({ modelId }) => modelId === serving);
    const loading = held.find(({ state }) => state === 'loading');
    if (held.some(({ state }) => state === 'ready')) return { state: 'settled', since: null, reason: null };
    if (loading) return { state: 'loading', since: loading.since, reason: null };
    const failure = this.loaded.failureOf(serving);
    if (failure) return { state: 'failed', since: failure.at, reason: failure.message };
    return { state: 'settled', since: null, reason: null };
  }

  private async nameOf(id: string): Promise<string | null> {
    return this.versions.find(id).then(
      ({ name }) => name,
      () => null,
    );
  }
}

function isOf(
  held: { modelId: string; precision: string; state: string },
  modelId: string,
  precision: string,
): boolean {
  return held.modelId === modelId && held.precision === precision && held.state !== 'leaving';
}
