import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Run } from '../training/run.js';
import {
  epochsOfAll,
  halvedTrialOf,
  hopeless,
  nextRung,
  promotable,
  rungsOf,
  type HalvedTrial,
} from './halving.js';

const rungs = rungsOf({ epochs: 9, minEpochs: 1, reductionFactor: 3 });
const paused = (trial: number, ...mccs: number[]): HalvedTrial => ({
  trial,
  epochs: mccs.length,
  mccs,
  state: 'paused',
});
const promoted = (trials: HalvedTrial[], isLast = false) =>
  promotable(trials, rungs, isLast).map(({ trial }) => trial);

describe('successive halving', () => {
  it('has rungs η times as far as the one before, short of the end', () => {
    expect(rungs.epochs).toEqual([1, 3]);
    expect(rungsOf({ epochs: 4, minEpochs: 1, reductionFactor: 2 }).epochs).toEqual([1, 2]);
    expect(rungsOf({ epochs: 1, minEpochs: 1, reductionFactor: 2 }).epochs).toEqual([]);
    expect([0, 1, 2, 3, 8].map((epochs) => nextRung(epochs, rungs))).toEqual([1, 3, 3, null, null]);
  });

  it('lets the best third of a rung go on, and waits for no other', () => {
    expect(promoted([paused(0, 0.5), paused(1, 0.4)])).toEqual([]);
    expect(promoted([paused(0, 0.5), paused(1, 0.4), paused(2, 0.6)])).toEqual([2]);
    // One that is through with the next rung still counts in this one.
    expect(promoted([paused(0, 0.5), paused(1, 0.4), paused(2, 0.6, 0.6, 0.7)])).toEqual([]);
    const six = [
      paused(0, 0.5),
      paused(1, 0.4),
      paused(2, 0.6, 0.6, 0.7),
      paused(3, 0.3),
      paused(4, 0.2),
      paused(5, 0.1),
    ];
    expect(promoted(six)).toEqual([0]);
  });

  it('prefers those that are further', () => {
    const further = [0.6, 0.7, 0.8].map((mcc, trial) => paused(trial, mcc, mcc, mcc));
    const others = [0.1, 0.2, 0.3, 0.9, 0.05, 0.01, 0.5, 0.4, 0.35].map((mcc, i) => paused(i + 3, mcc));
    expect(promoted([...further, ...others])).toEqual([2, 6]);
  });

  it('has one trained to its end, however few there are', () => {
    const two = [paused(0, 0.2), paused(1, 0.3)];
    expect(promoted(two)).toEqual([]);
    expect(promoted(two, true)).toEqual([1]);
    expect(promoted([...two, { ...paused(2, 0.9), epochs: 9, state: 'done' }], true)).toEqual([]);
  });

  it('gives up what cannot go on whatever comes, but never the best that waits', () => {
    const given = (trials: HalvedTrial[], toCome: number) =>
      hopeless(trials, rungs, toCome).map(({ trial }) => trial);
    const four = [paused(0, 0.4), paused(1, 0.3), paused(2, 0.2), paused(3, 0.1)];
    expect(given(four, 8)).toEqual([]);
    expect(given(four, 5)).toEqual([3]);
    expect(given(four, 0)).toEqual([1, 2, 3]);
    // The first has failed at the next rung: the second may still be the last hope.
    expect(given([{ ...four[0]!, state: 'dropped' }, ...four.slice(1)], 0)).toEqual([2, 3]);
    expect(given([paused(0, 0.4, 0.4, 0.4), paused(1, 0.3)], 0)).toEqual([]);
  });

  it('reads of a run the best MCC up to the end of each epoch', () => {
    const at = (epoch: number, mcc: number, averaged = false) => ({ epoch, averaged, validation: { mcc } });
    const run = {
      trial: 4,
      status: 'paused',
      pauseAfterEpoch: 3,
      epochs: [at(1, 0.2), at(2, 0.1), at(3, 0.4)],
      evaluations: [at(0.5, 0.3), at(1, 0.2), at(2, 0.1), at(3, 0.4), at(3, 0.9, true)],
    } as unknown as Run;
    expect(halvedTrialOf(run)).toEqual({ trial: 4, epochs: 3, mccs: [0.3, 0.3, 0.4], state: 'paused' });
    expect(halvedTrialOf({ ...run, pauseAfterEpoch: 9 }).state).toBe('under way');
    expect(halvedTrialOf({ ...run, pauseAfterEpoch: null }).state).toBe('under way');
    expect(halvedTrialOf({ ...run, status: 'cancelled' }).state).toBe('dropped');
  });

  it('trains far fewer epochs than a grid', () => {
    expect(epochsOfAll(9, rungs)).toBe(9 + 3 * 2 + 6);
    expect(epochsOfAll(1, rungs)).toBe(9);
  });

  it('takes no account of what failed before its first evaluation', () => {
    const failed: HalvedTrial = { trial: 9, epochs: 0, mccs: [], state: 'dropped' };
    expect(promoted([paused(0, 0.5), paused(1, 0.4), failed])).toEqual([]);
  });

  it('has one trial or more at the end, and the best of the first rung beyond it', () => {
    const fates = fc.array(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(fates, (curves) => {
        const trials: HalvedTrial[] = [];
        const train = (index: number, from: number) => {
          const epochs = nextRung(from, rungs) ?? 9;
          const state = epochs === 9 ? 'done' : 'paused';
          const best = (epoch: number) => Math.max(...curves[index]!.slice(0, epoch + 1));
          trials[index] = {
            trial: index,
            epochs,
            mccs: Array.from({ length: epochs }, (_, epoch) => best(epoch)),
            state,
          };
        };
        const settle = (isLast: boolean) => {
          for (;;) {
            const [next] = promotable(trials, rungs, isLast);
            if (!next) return;
            train(next.trial, next.epochs);
          }
        };
        for (const index of curves.keys()) {
          train(index, 0);
          settle(false);
        }
        settle(true);
        const reaching = (epochs: number) => trials.filter((trial) => trial.epochs >= epochs).length;
        expect(reaching(9)).toBeGreaterThanOrEqual(1);
        // The best at the first rung always goes on.
        const first = trials.reduce((best, trial) => (trial.mccs[0]! > best.mccs[0]! ? trial : best));
        if (curves.length >= 3) expect(first.epochs).toBeGreaterThanOrEqual(3);
      }),
    );
  });
});
