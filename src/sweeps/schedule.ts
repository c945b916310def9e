import { hasEnded as runHasEnded, type RunStatus } from '../training/run.js';
import type { RunError } from '../training/run-error.js';
import { hasEnded, type Sweep } from './sweep.js';
import type { SweepError } from './sweep-error.js';

/** What the schedule looks at of a run. */
export interface TrialRun {
  id: string;
  trial: number | null;
  status: RunStatus;
  startedAt: Date | null;
  finishedAt: Date | null;
  error: RunError | null;
}

/** What is to be done next for a sweep. */
export type Action =
  | { type: 'start'; trial: number }
  | { type: 'cancel'; runId: string }
  | { type: 'end'; status: 'succeeded' | 'failed' | 'cancelled'; error?: SweepError };

/** If the first runs all fail, the others would too: a base model that cannot be fetched, say. */
const MOST_FAILED_FIRST = 3;

/**
 * Tells from what is stored what is to be done next, so that it does not matter when the service last stopped.
 * @param runs of the sweep, in any order
 * @param parallel how many of them may be queued or running at a time
 */
export function nextActions(
  sweep: Pick<Sweep, 'status' | 'trials' | 'budget'>,
  runs: readonly TrialRun[],
  { parallel, now }: { parallel: number; now: Date },
): Action[] {
  const open = runs.filter(({ status }) => !runHasEnded(status));
  if (hasEnded(sweep.status) || sweep.status === 'paused') return [];
  const cancelOpen = open.map(({ id }): Action => ({ type: 'cancel', runId: id }));
  if (sweep.status === 'cancelling') {
    return open.length > 0 ? cancelOpen : [{ type: 'end', status: 'cancelled' }];
  }
  const failure = failureOf(runs);
  if (failure) return open.length > 0 ? cancelOpen : [{ type: 'end', status: 'failed', error: failure }];
  const started = new Set(runs.map(({ trial }) => trial));
  const waiting = [...sweep.trials.keys()].filter((trial) => !started.has(trial));
  const isSpent = sweep.budget.minutes !== null && secondsOf(runs, now) >= 60 * sweep.budget.minutes;
  if (waiting.length > 0 && !isSpent) {
    return waiting.slice(0, Math.max(0, parallel - open.length)).map((trial) => ({ type: 'start', trial }));
  }
  if (open.length > 0) return [];
  if (runs.some(({ status }) => status === 'succeeded')) return [{ type: 'end', status: 'succeeded' }];
  return [{ type: 'end', status: 'failed', error: withoutSuccess(runs) }];
}

/** What runs have taken so far, in seconds: each from its start to its end. */
export function secondsOf(runs: readonly Pick<TrialRun, 'startedAt' | 'finishedAt'>[], now: Date): number {
  return runs.reduce(
    (sum, { startedAt, finishedAt }) =>
      sum + (startedAt ? Math.max(0, Number(finishedAt ?? now) - Number(startedAt)) / 1000 : 0),
    0,
  );
}

/** Why the sweep should not go on; null where it should. */
function failureOf(runs: readonly TrialRun[]): SweepError | null {
  const ended = runs.filter(({ status }) => runHasEnded(status));
  const failed = ended.filter(({ status }) => status === 'failed');
  if (failed.length < MOST_FAILED_FIRST || failed.length < ended.length) return null;
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
