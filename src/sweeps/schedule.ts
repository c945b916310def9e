import { hasEnded as runHasEnded, secondsAtWork, type Run } from '../training/run.js';
import { halvedTrialOf, hopeless, isAtRung, nextRung, promotable, type HalvedTrial } from './halving.js';
import { hasEnded, type Sweep } from './sweep.js';
import type { SweepError } from './sweep-error.js';

/** What the schedule looks at of a run. */
export type TrialRun = Pick<
  Run,
  | 'id'
  | 'trial'
  | 'status'
  | 'statusReason'
  | 'pauseAfterEpoch'
  | 'epochs'
  | 'evaluations'
  | 'error'
  | 'takenAt'
  | 'workedSeconds'
>;

/** What is to be done next for a sweep. */
export type Action =
  | { type: 'start'; trial: number }
  | { type: 'pause'; runId: string }
  | { type: 'resume'; runId: string; pauseAfterEpoch: number | null; reason: string }
  | { type: 'cancel'; runId: string; reason: string }
  | { type: 'end'; status: 'succeeded' | 'failed' | 'cancelled'; error?: SweepError };

/** The reason of a run that was paused with its sweep: it goes on with it. What somebody paused alone waits for somebody. */
export const pausedWithSweep = 'Its sweep was paused.';

export const resumedWithSweep = 'Its sweep was resumed.';

/** If the first runs all fail, the others would too: a base model that cannot be fetched, say. */
const MOST_FAILED_FIRST = 3;

/**
 * Tells from what is stored what is to be done next, so that it does not matter when the service last stopped.
 * @param runs of the sweep, in any order
 * @param parallel how many of them may be queued or at work at a time
 */
export function nextActions(
  sweep: Pick<Sweep, 'status' | 'trials' | 'budget' | 'search'>,
  runs: readonly TrialRun[],
  { parallel, now }: { parallel: number; now: Date },
): Action[] {
  if (hasEnded(sweep.status)) return [];
  const open = runs.filter(({ status }) => !runHasEnded(status));
  const active = open.filter(({ status }) => status !== 'paused');
  const cancelOpen = (reason: string) =>
    open.map(({ id }): Action => ({ type: 'cancel', runId: id, reason }));
  if (sweep.status === 'paused') return active.map(({ id }) => ({ type: 'pause', runId: id }));
  if (sweep.status === 'cancelling') {
    return open.length > 0 ? cancelOpen('Its sweep was cancelled.') : [{ type: 'end', status: 'cancelled' }];
  }
  const failure = failureOf(runs);
  if (failure) {
    return open.length > 0
      ? cancelOpen('The other runs of its sweep failed.')
      : [{ type: 'end', status: 'failed', error: failure }];
  }

  const held = open.filter(
    (run) => run.statusReason === pausedWithSweep && !active.includes(run) && !isAtRung(run),
  );
  const goOn = held.map(({ id, pauseAfterEpoch }): Action => ({
    type: 'resume',
    runId: id,
    pauseAfterEpoch,
    reason: resumedWithSweep,
  }));
  const isSpent = sweep.budget.minutes !== null && secondsOf(runs, now) >= 60 * sweep.budget.minutes;
  const toStart = isSpent ? [] : trialsToStart(sweep, runs);
  const isLast = toStart.length === 0 && open.every(isAtRung);
  const { promotions, dropped } = halved(sweep, runs, { toCome: toStart.length, isLast, isSpent });
  const places = Math.max(0, parallel - active.length - held.length);
  const starts = toStart.map((trial): Action => ({ type: 'start', trial }));
  // To go on with what is promising comes before what is new.
  const actions = [...goOn, ...[...promotions, ...starts].slice(0, places), ...dropped];
  if (actions.length > 0) return actions;
  if (!isLast) return [];
  if (open.length > 0) return cancelOpen('Others of its sweep were better.');
  if (runs.some(({ status }) => status === 'succeeded')) return [{ type: 'end', status: 'succeeded' }];
  return [{ type: 'end', status: 'failed', error: withoutSuccess(runs) }];
}

/** What runs have taken so far, in seconds. */
export function secondsOf(runs: readonly Pick<TrialRun, 'takenAt' | 'workedSeconds'>[], now: Date): number {
  return runs.reduce((sum, run) => sum + secondsAtWork(run, now), 0);
}

/** The trials that have no run yet. */
export function trialsToStart(
  { trials }: Pick<Sweep, 'trials'>,
  runs: readonly Pick<Run, 'trial'>[],
): number[] {
  const started = new Set(runs.map(({ trial }) => trial));
  return [...trials.keys()].filter((trial) => !started.has(trial));
}

/** What successive halving makes of the trials that wait at a rung. */
function halved(
  { search: { rungs } }: Pick<Sweep, 'search'>,
  runs: readonly TrialRun[],
  { toCome, isLast, isSpent }: { toCome: number; isLast: boolean; isSpent: boolean },
): { promotions: Action[]; dropped: Action[] } {
  if (rungs === null) return { promotions: [], dropped: [] };
  const trials = runs.map(halvedTrialOf);
  const idOf = ({ trial }: HalvedTrial) => runs.find((run) => run.trial === trial)!.id;
  let promoted = promotable(trials, rungs, isLast);
  if (isSpent) {
    // One is trained to its end all the same: without it, there would be no model.
    const isWanted = isLast && !trials.some(({ state }) => state === 'done');
    promoted = isWanted ? promoted.slice(0, 1) : [];
  }
  return {
    promotions: promoted.map((trial) => ({
      type: 'resume',
      runId: idOf(trial),
      pauseAfterEpoch: nextRung(trial.epochs, rungs),
      reason: `It is one of the best after epoch ${trial.epochs}.`,
    })),
    dropped: hopeless(trials, rungs, toCome).map((trial) => ({
      type: 'cancel',
      runId: idOf(trial),
      reason: `Others of its sweep were better after epoch ${trial.epochs}.`,
    })),
  };
}

/** Why the sweep should not go on; null where it should. */
function failureOf(runs: readonly TrialRun[]): SweepError | null {
  const tried = runs.filter((run) => runHasEnded(run.status) || isAtRung(run));
  const failed = tried.filter(({ status }) => status === 'failed');
  if (failed.length < MOST_FAILED_FIRST || failed.length < tried.length) return null;
  const [{ id, error }] = failed as [TrialRun];
  return {
    code: 'first-runs-failed',
    message: `The first ${failed.length} runs failed. ${id}: ${error?.message ?? 'no reason is known.'} Mend that, then start the sweep again.`,
    param: error?.param ?? null,
  };
}

function withoutSuccess(runs: readonly TrialRun[]): SweepError {
  const failed = runs.find(({ error }) => error !== null);
  return {
    code: 'no-run-succeeded',
    message: failed
      ? `No run succeeded. ${failed.id}: ${failed.error!.message}`
      : 'No run succeeded: every one was cancelled. Start the sweep again.',
    param: failed?.error?.param ?? null,
  };
}
