import { hasEnded as runHasEnded, type Run, type RunStatus } from '../training/run.js';
import { secondsOf } from './schedule.js';
import { hasEnded, type Sweep } from './sweep.js';

/** How far a sweep is. */
export interface SweepProgress {
  /** How many runs there are of each status. Those that have not been started are in none. */
  runs: Partial<Record<RunStatus, number>>;
  /** Of training so far, over all runs. */
  seconds: number;
  /** Estimated by the runs that have succeeded; null before the first, and where the sweep has ended. */
  secondsLeft: number | null;
}

export function progressOf(
  sweep: Pick<Sweep, 'status' | 'trials' | 'budget'>,
  runs: readonly Run[],
  now: Date,
): SweepProgress {
  const counts: Partial<Record<RunStatus, number>> = {};
  for (const { status } of runs) counts[status] = (counts[status] ?? 0) + 1;
  const seconds = secondsOf(runs, now);
  return {
    runs: counts,
    seconds,
    secondsLeft: hasEnded(sweep.status) ? null : secondsLeft(sweep, runs, now),
  };
}

/** A run takes as long for each of its epochs as those that have succeeded. */
function secondsLeft(
  { trials, budget }: Pick<Sweep, 'trials' | 'budget'>,
  runs: readonly Run[],
  now: Date,
): number | null {
  const succeeded = runs.filter(({ status }) => status === 'succeeded');
  const epochs = succeeded.reduce((sum, run) => sum + run.epochs.length, 0);
  if (epochs === 0) return null;
  const secondsPerEpoch = secondsOf(succeeded, now) / epochs;
  const started = new Set(runs.map(({ trial }) => trial));
  const meanEpochs = epochs / succeeded.length;
  const toStart = trials.filter((_, trial) => !started.has(trial));
  const toCome =
    toStart.reduce((sum, { values }) => sum + (values.epochs ?? meanEpochs), 0) * secondsPerEpoch;
  const underWay = runs
    .filter(({ status }) => !runHasEnded(status))
    .reduce((sum, run) => sum + (run.secondsLeft ?? run.hyperparameters.epochs * secondsPerEpoch), 0);
  const budgetLeft = budget.minutes === null ? Infinity : 60 * budget.minutes - secondsOf(runs, now);
  // A run that is under way when the budget is spent goes on to its end.
  return Math.max(underWay, Math.min(underWay + toCome, budgetLeft));
}
