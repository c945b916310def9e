import { Injectable } from '@nestjs/common';
import { PRODUCTION } from '../../models/model-version.js';
import { RegisteredVersions } from './registered-versions.js';
import { ServedModels } from './served-models.js';
import type { AliasStatus, ModelStatus } from './serving-state.js';
import { ServingVersions, type ServedAlias } from './serving-versions.js';

/** Tells which models are in memory, which could not be loaded, and which model answers for each alias. */
@Injectable()
export class ServingStatusService {
  constructor(
    private readonly served: ServedModels,
    private readonly serving: ServingVersions,
    private readonly versions: RegisteredVersions,
  ) {}

  /** How many models there may be in memory. */
  get capacity(): number {
    return this.served.capacity;
  }

  /** The most recently used first, then those that failed. */
  async models(): Promise<ModelStatus[]> {
    const held = this.served.held.reverse().map((model) => ({ ...model, error: null }));
    const failed = this.served.failures
      .filter(({ modelId, precision }) => !held.some((one) => isOf(one, modelId, precision)))
      .map(({ modelId, precision, message, at }) => {
        return { modelId, precision, state: 'failed' as const, since: at, loadedAt: null, error: message };
      });
    return Promise.all(
      [...held, ...failed].map(async ({ modelId: id, ...model }) => ({
        id,
        name: await this.nameOf(id),
        aliases: this.serving.all.filter(({ serving }) => serving === id).map(({ name }) => name),
        ...model,
      })),
    );
  }

  /** By name. */
  aliases(): AliasStatus[] {
    return this.serving.all.map(({ name, ...alias }) => ({
      name,
      modelId: alias.registered,
      servedBy: alias.serving,
      ...this.progress(alias),
    }));
  }

  /** What is wrong with production though the service answers: to be read by anybody, so without the reasons. */
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
    const held = this.served.held.filter(({ modelId }) => modelId === serving);
    const loading = held.find(({ state }) => state === 'loading');
    if (held.some(({ state }) => state === 'ready')) return { state: 'settled', since: null, reason: null };
    if (loading) return { state: 'loading', since: loading.since, reason: null };
    const failure = this.served.failureOf(serving);
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
  { modelId, precision, state }: { modelId: string; precision: string; state: string },
  id: string,
  variant: string,
): boolean {
  return modelId === id && precision === variant && state !== 'leaving';
}
