import type { Interval } from '../bert/evaluation/evaluation.js';
import { bestEvaluation, hasEnded as runHasEnded, type Run } from '../training/run.js';
import { halvedTrialOf } from './halving.js';
import { meanInterval, meanOf, standardDeviationOf } from './mean-interval.js';
import { isRange, type Combination, type SpaceName } from './space.js';
import { hasEnded, type Sweep } from './sweep.js';

export type SweptRun = Pick<
  Run,
  'id' | 'trial' | 'status' | 'mcc' | 'modelId' | 'pauseAfterEpoch' | 'epochs' | 'evaluations'
>;

/** A combination with what came of it. */
export interface CombinationResult {
  /** See {@link Trial.combination}. */
  combination: number;
  values: Combination;
  runs: {
    id: string;
    seed: number;
    status: Run['status'];
    mcc: number | null;
    modelId: string | null;
    epochs: number;
  }[];
  /** Mean of the runs that succeeded; of the best evaluations so far where none has. Null before the first evaluation. */
  mcc: number | null;
  /** Whether that is of runs that succeeded. */
  isTrained: boolean;
  standardDeviation: number | null;
  interval: Interval | null;
  /** What the interval allows for: the chance of the seed, by Student's t; or, with one run, that of the validation rows. */
  intervalOf: 'seeds' | 'rows' | null;
}

/** The figures of a value, over all combinations that have it. */
export interface ValueEffect {
  /** Null where it stands for a part of a range. */
  value: unknown;
  from: number | null;
  to: number | null;
  runs: number;
  mcc: number;
  interval: Interval | null;
}

/** What a hyperparameter does to the MCC. */
export interface Effect {
  name: SpaceName;
  /** Its main effect: the share of the variance between runs that lies between its values. Null where that cannot be told. */
  share: number | null;
  values: ValueEffect[];
}

export interface SweepResults {
  /** Best first. */
  combinations: CombinationResult[];
  effects: Effect[];
}

/** Parts that a range is cut into, each with as many runs. */
const PARTS = 4;

export function resultsOf(sweep: Pick<Sweep, 'trials' | 'search'>, runs: readonly SweptRun[]): SweepResults {
  return { combinations: combinationResults(sweep, runs), effects: effectsOf(sweep, runs) };
}

/** The best run of the best combination; null before one has succeeded. */
export function bestRunOf(sweep: Pick<Sweep, 'trials'>, runs: readonly SweptRun[]): string | null {
  const [best] = combinationResults(sweep, runs);
  return best?.isTrained ? bestOf(best.runs)!.id : null;
}

/**
 * The runs whose models may still be the best: that of the best combination, and those of combinations that are not through. All other
 * models would only take up the disk.
 */
export function runsToKeep(sweep: Pick<Sweep, 'trials' | 'status'>, runs: readonly SweptRun[]): Set<string> {
  const ranked = combinationResults(sweep, runs).filter(({ isTrained }) => isTrained);
  const isThrough = ({ combination, runs }: CombinationResult) =>
    startsNoMore(sweep.status) ||
    (runs.length === sweep.trials.filter((trial) => trial.combination === combination).length &&
      runs.every(({ status }) => runHasEnded(status)));
  const through = ranked.filter(isThrough);
  const open = ranked.filter((one) => !through.includes(one));
  return new Set([...through.slice(0, 1), ...open].map(({ runs }) => bestOf(runs)!.id));
}

function startsNoMore(status: Sweep['status']): boolean {
  return hasEnded(status) || status === 'cancelling';
}

function combinationResults(
  { trials }: Pick<Sweep, 'trials'>,
  runs: readonly SweptRun[],
): CombinationResult[] {
  const byCombination = new Map<number, SweptRun[]>();
  for (const run of inOrder(runs)) {
    const { combination } = trials[run.trial!]!;
    byCombination.set(combination, [...(byCombination.get(combination) ?? []), run]);
  }
  const results = [...byCombination].map(([combination, tried]) => {
    const { values } = trials[tried[0]!.trial!]!;
    const ofRuns = tried.map((run) => shown(run, trials[run.trial!]!.seed));
    return { combination, values, ...figuresOf(tried), runs: ofRuns };
  });
  // Sorting is stable: of equal ones, the first that was tried.
  return results.sort(
    (one, other) => Number(other.isTrained) - Number(one.isTrained) || (other.mcc ?? -2) - (one.mcc ?? -2),
  );
}

function figuresOf(runs: readonly SweptRun[]): Omit<CombinationResult, 'combination' | 'values' | 'runs'> {
  const succeeded = runs.filter(({ status }) => status === 'succeeded');
  const isTrained = succeeded.length > 0;
  const counted = (isTrained ? succeeded : runs).filter(({ mcc }) => mcc !== null);
  const mccs = counted.map(({ mcc }) => mcc!);
  const ofRows =
    counted.length === 1 ? bestEvaluation(counted[0]!.evaluations)?.validation.mccInterval : null;
  const ofSeeds = meanInterval(mccs);
  return {
    mcc: mccs.length > 0 ? meanOf(mccs) : null,
    isTrained,
    standardDeviation: standardDeviationOf(mccs),
    interval: ofSeeds ? withinMcc(ofSeeds) : (ofRows ?? null),
    intervalOf: ofSeeds ? 'seeds' : ofRows ? 'rows' : null,
  };
}

function effectsOf(
  { trials, search: { space, rungs } }: Pick<Sweep, 'trials' | 'search'>,
  runs: readonly SweptRun[],
): Effect[] {
  const samples = inOrder(runs).flatMap((run) => {
    // Successive halving trains the better ones for longer: all are compared at the first rung, which each of them reaches.
    const mcc = rungs
      ? halvedTrialOf(run).mccs[rungs.epochs[0]! - 1]
      : run.status === 'succeeded'
        ? run.mcc
        : null;
    return typeof mcc === 'number' ? [{ values: trials[run.trial!]!.values, mcc }] : [];
  });
  return (Object.keys(space) as SpaceName[]).flatMap((name) => {
    const isOfRange = isRange(space[name]);
    const groups = isOfRange ? partsOf(name, samples) : valuesOf(name, space[name] as unknown[], samples);
    if (groups.length < 2) return [];
    const values = groups.map(({ mccs, ...group }) => {
      const interval = meanInterval(mccs);
      return { ...group, runs: mccs.length, mcc: meanOf(mccs), interval: interval && withinMcc(interval) };
    });
    return [{ name, share: shareBetween(groups.map(({ mccs }) => mccs)), values }];
  });
}

interface Sample {
  values: Combination;
  mcc: number;
}

type Group = Pick<ValueEffect, 'value' | 'from' | 'to'> & { mccs: number[] };

/** In the order of the list. */
function valuesOf(name: SpaceName, list: readonly unknown[], samples: readonly Sample[]): Group[] {
  return list
    .map((value) => {
      const text = JSON.stringify(value);
      const having = samples.filter(({ values }) => JSON.stringify(values[name]) === text);
      return { value, from: null, to: null, mccs: having.map(({ mcc }) => mcc) };
    })
    .filter(({ mccs }) => mccs.length > 0);
}

function partsOf(name: SpaceName, samples: readonly Sample[]): Group[] {
  const sorted = samples
    .map(({ values, mcc }) => ({ value: values[name] as number, mcc }))
    .sort((one, other) => one.value - other.value);
  const parts = Math.min(PARTS, Math.floor(sorted.length / 2));
  return Array.from({ length: parts }, (_, part) => {
    const at = (index: number) => Math.round((index * sorted.length) / parts);
    const having = sorted.slice(at(part), at(part + 1));
    const mccs = having.map(({ mcc }) => mcc);
    return { value: null, from: having[0]!.value, to: having.at(-1)!.value, mccs };
  });
}

/** η²: the sum of squares between groups, by the sum of all squares. Where each group has one value, it would be 1 whatever they are. */
export function shareBetween(groups: readonly (readonly number[])[]): number | null {
  const all = groups.flat();
  const mean = meanOf(all);
  const total = all.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (total === 0 || groups.length === all.length) return null;
  return groups.reduce((sum, group) => sum + group.length * (meanOf(group) - mean) ** 2, 0) / total;
}

function shown(
  { id, status, mcc, modelId, epochs }: SweptRun,
  seed: number,
): CombinationResult['runs'][number] {
  return { id, seed, status, mcc, modelId, epochs: epochs.length };
}

function bestOf(runs: CombinationResult['runs']): CombinationResult['runs'][number] | undefined {
  return runs
    .filter(({ status }) => status === 'succeeded')
    .reduce<CombinationResult['runs'][number] | undefined>(
      (best, run) => ((run.mcc ?? -2) > (best?.mcc ?? -3) ? run : best),
      undefined,
    );
}

function inOrder(runs: readonly SweptRun[]): SweptRun[] {
  return [...runs].sort((one, other) => one.trial! - other.trial!);
}

/** No MCC lies outside −1 and 1. */
function withinMcc({ lower, upper }: Interval): Interval {
  return { lower: Math.max(-1, lower), upper: Math.min(1, upper) };
}
