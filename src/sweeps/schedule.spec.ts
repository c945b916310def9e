import { describe, expect, it } from 'vitest';
import type { RunEpoch } from '../training/run.js';
import { runError } from '../training/run-error.js';
import { rungsOf } from './halving.js';
import { nextActions, pausedWithSweep, secondsOf, type TrialRun } from './schedule.js';
import type { Search, Sweep, Trial } from './sweep.js';

const trials = Array.from({ length: 4 }, (_, combination): Trial => ({ combination, values: {}, seed: 42 }));
const start = new Date('2026-01-01T00:00:00Z');
const minutes = (count: number) => new Date(Number(start) + 60_000 * count);
const search: Search = { method: 'grid', space: {}, seeds: [42], searchSeed: 1, rungs: null };
const run = (trial: number, status: TrialRun['status'], changes: Partial<TrialRun> = {}): TrialRun => ({
  id: `run_${trial}`,
  trial,
  status,
  statusReason: null,
  pauseAfterEpoch: null,
  epochs: [],
  evaluations: [],
  takenAt: status === 'running' ? start : null,
  workedSeconds: ['queued', 'running'].includes(status) ? 0 : 600,
  error: status === 'failed' ? runError('base-model-unavailable', 'No network.') : null,
  ...changes,
});
const next = (
  runs: TrialRun[],
  changes: Partial<Pick<Sweep, 'status' | 'budget' | 'search'>> = {},
  parallel = 1,
) =>
  nextActions(
    { status: 'running', trials, search, budget: { runs: null, minutes: null }, ...changes },
    runs,
    { parallel, now: minutes(15) },
  );
const reason = expect.any(String) as string;

describe('the schedule of a sweep', () => {
  it('starts one run after the other, and as many at a time as it may', () => {
    expect(next([])).toEqual([{ type: 'start', trial: 0 }]);
    expect(next([run(0, 'queued')])).toEqual([]);
    expect(next([run(0, 'running')])).toEqual([]);
    expect(next([run(0, 'succeeded')])).toEqual([{ type: 'start', trial: 1 }]);
    expect(next([run(0, 'running')], {}, 3)).toEqual([
      { type: 'start', trial: 1 },
      { type: 'start', trial: 2 },
    ]);
  });

  it('starts what a killed service had not started, whatever is missing', () => {
    expect(next([run(1, 'succeeded'), run(0, 'cancelled'), run(3, 'failed')])).toEqual([
      { type: 'start', trial: 2 },
    ]);
  });

  it('ends when every run has ended', () => {
    const all = [run(0, 'succeeded'), run(1, 'failed'), run(2, 'cancelled')];
    expect(next([...all, run(3, 'running')])).toEqual([]);
    expect(next([...all, run(3, 'interrupted')])).toEqual([]);
    expect(next([...all, run(3, 'succeeded')])).toEqual([{ type: 'end', status: 'succeeded' }]);
  });

  it('goes on with others while somebody has paused a run, and waits for that at the end', () => {
    const paused = run(0, 'paused', { statusReason: 'Somebody paused it.' });
    expect(next([paused])).toEqual([{ type: 'start', trial: 1 }]);
    expect(next([paused, run(1, 'succeeded'), run(2, 'succeeded'), run(3, 'succeeded')])).toEqual([]);
  });

  it('fails where no run succeeded, and before the others where the first all fail', () => {
    const error = (message: string) =>
      expect.objectContaining({ message: expect.stringContaining(message) as string });
    expect(next(trials.map((_, trial) => run(trial, 'cancelled')))).toEqual([
      { type: 'end', status: 'failed', error: error('cancelled') },
    ]);
    const failed = [run(0, 'failed'), run(1, 'failed')];
    expect(next(failed)).toEqual([{ type: 'start', trial: 2 }]);
    expect(next([...failed, run(2, 'failed')])).toEqual([
      { type: 'end', status: 'failed', error: error('No network.') },
    ]);
    expect(next([...failed, run(2, 'failed'), run(3, 'running')])).toEqual([
      { type: 'cancel', runId: 'run_3', reason },
    ]);
    expect(next([...failed, run(2, 'succeeded')])).toEqual([{ type: 'start', trial: 3 }]);
  });

  it('starts no run once the minutes of its budget are spent, and lets the last one finish', () => {
    const budget = { runs: null, minutes: 20 };
    expect(next([run(0, 'succeeded')], { budget })).toEqual([{ type: 'start', trial: 1 }]);
    expect(next([run(0, 'succeeded'), run(1, 'running')], { budget })).toEqual([]);
    expect(next([run(0, 'succeeded'), run(1, 'succeeded')], { budget })).toEqual([
      { type: 'end', status: 'succeeded' },
    ]);
  });

  it('counts the time of attempts alone', () => {
    const resumed = run(3, 'running', { workedSeconds: 60 });
    expect(secondsOf([run(0, 'succeeded'), run(2, 'queued'), resumed], minutes(15))).toBe(26 * 60);
  });

  it('pauses its runs with it, and goes on with them alone', () => {
    const runs = [run(0, 'succeeded'), run(1, 'running'), run(2, 'queued')];
    expect(next(runs, { status: 'paused' }, 2)).toEqual([
      { type: 'pause', runId: 'run_1' },
      { type: 'pause', runId: 'run_2' },
    ]);
    const held = run(1, 'paused', { statusReason: pausedWithSweep, pauseAfterEpoch: 3 });
    const others = [run(0, 'succeeded'), run(2, 'paused', { statusReason: 'Somebody paused it.' })];
    expect(next([...others, held], { status: 'paused' }, 2)).toEqual([]);
    expect(next([...others, held], {}, 2)).toEqual([
      { type: 'resume', runId: 'run_1', pauseAfterEpoch: 3, reason },
      { type: 'start', trial: 3 },
    ]);
  });

  it('does nothing after its end', () => {
    for (const status of ['succeeded', 'failed', 'cancelled'] as const) {
      expect(next([run(0, 'succeeded')], { status })).toEqual([]);
    }
  });

  it('ends its runs when it is cancelled, and itself once they have ended', () => {
    const status = 'cancelling';
    expect(next([run(0, 'succeeded'), run(1, 'running'), run(2, 'paused')], { status })).toEqual([
      { type: 'cancel', runId: 'run_1', reason },
      { type: 'cancel', runId: 'run_2', reason },
    ]);
    expect(next([run(0, 'succeeded'), run(1, 'cancelled')], { status })).toEqual([
      { type: 'end', status: 'cancelled' },
    ]);
    expect(next([], { status })).toEqual([{ type: 'end', status: 'cancelled' }]);
  });
});

describe('the schedule of successive halving', () => {
  const rungs = rungsOf({ epochs: 4, minEpochs: 1, reductionFactor: 2 });
  const halving: Search = { ...search, method: 'successive-halving', rungs };
  const waiting = (trial: number, ...mccs: number[]) =>
    run(trial, 'paused', { pauseAfterEpoch: mccs.length, epochs: mccs.map(epoch) });
  const done = (trial: number, mcc: number) =>
    run(trial, 'succeeded', { epochs: [mcc, mcc, mcc, mcc].map(epoch) });
  const epoch = (mcc: number, index: number) => ({ epoch: index + 1, validation: { mcc } }) as RunEpoch;

  it('goes on with the best half of a rung before it starts another trial', () => {
    expect(next([waiting(0, 0.5)], { search: halving })).toEqual([{ type: 'start', trial: 1 }]);
    expect(next([waiting(0, 0.5), waiting(1, 0.2)], { search: halving })).toEqual([
      { type: 'resume', runId: 'run_0', pauseAfterEpoch: 2, reason },
    ]);
    expect(next([waiting(0, 0.5, 0.5), waiting(1, 0.2)], { search: halving })).toEqual([
      { type: 'start', trial: 2 },
    ]);
  });

  it('ends those that cannot go on, the rest at the end, and then itself', () => {
    const three = [waiting(0, 0.5, 0.5), waiting(1, 0.2), waiting(2, 0.3)];
    // Two of four may go on, and two are better already or may be: the third cannot be among them.
    expect(next(three, { search: halving })).toEqual([
      { type: 'start', trial: 3 },
      { type: 'cancel', runId: 'run_1', reason },
    ]);
    const all = [done(0, 0.5), run(1, 'cancelled'), waiting(2, 0.3, 0.3), run(3, 'cancelled')];
    expect(next(all, { search: halving })).toEqual([{ type: 'cancel', runId: 'run_2', reason }]);
    expect(
      next([done(0, 0.5), ...[1, 2, 3].map((trial) => run(trial, 'cancelled'))], { search: halving }),
    ).toEqual([{ type: 'end', status: 'succeeded' }]);
  });

  it('has one trained to its end though the budget is spent', () => {
    const changes = { search: halving, budget: { runs: null, minutes: 1 } };
    expect(next([waiting(0, 0.5), waiting(1, 0.6), waiting(2, 0.4)], changes)).toContainEqual({
      type: 'resume',
      runId: 'run_1',
      pauseAfterEpoch: 2,
      reason,
    });
    expect(next([waiting(0, 0.5), waiting(1, 0.6, 0.6)], changes)).toContainEqual({
      type: 'resume',
      runId: 'run_1',
      pauseAfterEpoch: null,
      reason,
    });
    expect(next([waiting(0, 0.5), done(1, 0.6)], changes)).toEqual([
      { type: 'cancel', runId: 'run_0', reason },
    ]);
  });

  it('does not take a trial at its rung for one that was paused with the sweep', () => {
    const atRung = { ...waiting(0, 0.5), statusReason: pausedWithSweep };
    expect(next([atRung], { search: halving })).toEqual([{ type: 'start', trial: 1 }]);
    expect(next([atRung, run(1, 'running')], { search: halving, status: 'paused' })).toEqual([
      { type: 'pause', runId: 'run_1' },
    ]);
  });
});
