import { newId } from '../common/identifiers.js';
import type { PromotionRule } from '../models/model-version.js';
import type { Rungs } from './halving.js';
import type { Combination, Space } from './space.js';
import type { SweepError } from './sweep-error.js';

/** `cancelling`: its runs are being ended. */
export const sweepStatuses = ['running', 'paused', 'cancelling', 'succeeded', 'failed', 'cancelled'] as const;
export type SweepStatus = (typeof sweepStatuses)[number];

export const searchMethods = ['grid', 'random', 'successive-halving'] as const;
export type SearchMethod = (typeof searchMethods)[number];

/** How the combinations are chosen. */
export interface Search {
  method: SearchMethod;
  space: Space;
  /** Each combination is trained once with each of these. */
  seeds: readonly number[];
  /** Settles which combinations are drawn, and their order. */
  searchSeed: number;
  /** Of successive halving; null for the other methods. */
  rungs: Rungs | null;
}

/** After which no further run starts. */
export interface Budget {
  runs: number | null;
  /** Of training, over all runs. */
  minutes: number | null;
}

/** A combination with a seed: what one run is to try. */
export interface Trial {
  /** Trials of the same combination have the same number, from 0. */
  combination: number;
  values: Combination;
  seed: number;
}

/** What somebody wants of a sweep. */
export interface SweepOrder {
  name: string | null;
  datasetId: string;
  validationDatasetId: string | null;
  /** Null where there is a validation set, or the default is meant. */
  validationFraction: number | null;
  baseModel: string;
  /** When the best model becomes `production`. */
  promote: PromotionRule;
  search: Search;
  budget: Budget;
}

/** A sweep as lists have it: without what may be hundreds of trials. */
export interface SweepSummary extends SweepOrder {
  id: string;
  status: SweepStatus;
  /** Why it failed. */
  error: SweepError | null;
  /** How many runs it is to have. */
  trialCount: number;
  /** The best run so far that has ended. */
  bestRunId: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface Sweep extends SweepSummary {
  /** In the order in which they are tried. A trial is known by its place here. */
  trials: readonly Trial[];
}

export function newSweep(order: SweepOrder, trials: readonly Trial[]): Sweep {
  return {
    ...order,
    id: newId('swp'),
    status: 'running',
    error: null,
    trials,
    trialCount: trials.length,
    bestRunId: null,
    createdAt: new Date(),
    finishedAt: null,
  };
}

const successors: Record<SweepStatus, readonly SweepStatus[]> = {
  running: ['paused', 'cancelling', 'succeeded', 'failed'],
  paused: ['running', 'cancelling'],
  cancelling: ['cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** Statuses from which a sweep may come to the given one. */
export function predecessors(to: SweepStatus): SweepStatus[] {
  return sweepStatuses.filter((from) => successors[from].includes(to));
}

export function hasEnded(status: SweepStatus): boolean {
  return successors[status].length === 0;
}
