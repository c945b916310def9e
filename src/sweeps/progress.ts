import { hasEnded as runHasEnded, type Run, type RunStatus } from '../training/run.js';
import { epochsOfAll } from './halving.js';
import { secondsOf, trialsToStart } from './schedule.js';
import { hasEnded, type Sweep } from './sweep.js';

/** How far a sweep is. */
export interface SweepProgress {
  /** How many runs there are of each status. Those that have not been started are in none. */
  runs: Partial<Record<RunStatus, number>>;
  /** Of training so far, over all runs. */
  seconds: number;
  /** Estimated by the runs so far; null before that can be told, and where the sweep has ended. */
  secondsLeft: number | null;
}

export function progressOf(
  sweep: Pick<Sweep, 'status' | 'trials' | 'budget' | 'search'>,
  runs: readonly Run[],
  now: Date,
): SweepProgress {
  const counts: Partial<Record<RunStatus, number>> = {};
  for (const { status } of runs) counts[status] = (counts[status] ?? 0) + 1;
  return {
    runs: counts,
    seconds: secondsOf(runs, now),
    secondsLeft: hasEnded(sweep.status) ? null : secondsLeft(sweep, runs, now),
  };
}

/** A run takes as long for each of its epochs as those so far. */
function secondsLeft(
  sweep: Pick<Sweep, 'trials' | 'budget' | 'search'>,
  runs: readonly Run[],
  now: Date,
): number | null {
  const { rungs } = sweep.search;
  // What is through has paid for its preparation too.
  const known = runs.filter(({ status }) => status === 'succeeded' || (rungs && status === 'paused'));
  const epochs = epochsIn(known);
  if (epochs === 0) return null;
  const secondsPerEpoch = secondsOf(known, now) / epochs;
  const budgetLeft =
    sweep.budget.minutes === null ? Infinity : 60 * sweep.budget.minutes - secondsOf(runs, now);
  const underWay = runs
    .filter(({ status }) => !runHasEnded(status))
    .reduce((sum, run) => sum + (run.secondsLeft ?? run.hyperparameters.epochs * secondsPerEpoch), 0);
  if (rungs) {
    const left = epochsOfAll(sweep.trials.length, rungs) - epochsIn(runs);
    return Math.max(0, Math.min(left * secondsPerEpoch, budgetLeft));
  }
  const toCome = trialsToStart(sweep, runs).reduce(
    (sum, trial) => sum + (sweep.trials[trial]!.values.epochs ?? epochs / known.length) * secondsPerEpoch,
    0,
  );
  // A run that is under way when the budget is spent goes on to its end.
  return Math.max(underWay, Math.min(underWay + toCome, budgetLeft));
}

function epochsIn(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.epochs.length, 0);
}
