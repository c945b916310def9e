import { describe, expect, it } from 'vitest';
import { runError } from '../training/run-error.js';
import { nextActions, secondsOf, type TrialRun } from './schedule.js';
import type { Sweep, Trial } from './sweep.js';

const trials = Array.from({ length: 4 }, (_, combination): Trial => ({ combination, values: {}, seed: 42 }));
const start = new Date('2026-01-01T00:00:00Z');
const minutes = (count: number) => new Date(Number(start) + 60_000 * count);
const run = (trial: number, status: TrialRun['status'], took = 10): TrialRun => ({
  id: `run_${trial}`,
  trial,
  status,
  startedAt: status === 'queued' ? null : start,
  finishedAt: ['queued', 'running'].includes(status) ? null : minutes(took),
  error:
    status === 'failed' ? runError('base-model-unavailable', 'No network.') : null,
});
const next = (runs: TrialRun[], changes: Partial<Pick<Sweep, 'status' | 'budget'>> = {}, parallel = 1) =>
  nextActions({ status: 'running', trials, budget: { runs: null, minutes: null }, ...changes }, runs, {
    parallel,
    now: minutes(15),
  });

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
    expect(next([...all, run(3, 'succeeded')])).toEqual([{ type: 'end', status: 'succeeded' }]);
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
      { type: 'cancel', runId: 'run_3' },
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
    expect(secondsOf([run(0, 'succeeded'), run(1, 'running'), run(2, 'queued')], minutes(15))).toBe(25 * 60);
  });

  it('starts nothing while it is paused, nor after its end', () => {
    for (const status of ['paused', 'succeeded', 'failed', 'cancelled'] as const) {
      expect(next([run(0, 'succeeded')], { status })).toEqual([]);
    }
  });

  it('ends its runs when it is cancelled, and itself once they have ended', () => {
    const status = 'cancelling';
    expect(next([run(0, 'succeeded'), run(1, 'running')], { status })).toEqual([
      { type: 'cancel', runId: 'run_1' },
    ]);
    expect(next([run(0, 'succeeded'), run(1, 'cancelled')], { status })).toEqual([
      { type: 'end', status: 'cancelled' },
    ]);
    expect(next([], { status })).toEqual([{ type: 'end', status: 'cancelled' }]);
  });
});
