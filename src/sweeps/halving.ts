/*
 * Asynchronous successive halving: Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020), algorithm 2. Trials train
 * to the first rung, and pause there. Of those that have come to a rung, the best 1/η go on to the next one; whether others are still to
 * come is not waited for.
 */

import type { Run } from '../training/run.js';

export type HalvedRun = Pick<Run, 'trial' | 'status' | 'pauseAfterEpoch' | 'epochs' | 'evaluations'>;

/** A trial that has a run. */
export interface HalvedTrial {
  trial: number;
  /** Epochs that it has done. */
  epochs: number;
  /** The highest MCC up to the end of each of them. */
  mccs: readonly number[];
  /** `paused`: it waits at a rung. `done`: it was trained to its end. `dropped`: it failed, or somebody cancelled it. */
  state: 'under way' | 'paused' | 'done' | 'dropped';
}

export interface Rungs {
  /** Epochs after which trials pause, each η times as many as the one before it. */
  epochs: readonly number[];
  reductionFactor: number;
  /** Epochs of a trial that is trained to its end. */
  last: number;
}

/** The epochs r, r·η, r·η², … short of the end. */
export function rungsOf({
  epochs,
  minEpochs,
  reductionFactor,
}: {
  epochs: number;
  minEpochs: number;
  reductionFactor: number;
}): Rungs {
  const rungs: number[] = [];
  for (let rung = minEpochs; rung < epochs; rung *= reductionFactor) rungs.push(rung);
  return { epochs: rungs, reductionFactor, last: epochs };
}

/** Whether a run has paused by itself at its rung: others were paused by somebody. */
export function isAtRung({ status, pauseAfterEpoch, epochs }: HalvedRun): boolean {
  return status === 'paused' && pauseAfterEpoch !== null && epochs.length >= pauseAfterEpoch;
}

export function halvedTrialOf(run: HalvedRun): HalvedTrial {
  const { trial, status, epochs, evaluations } = run;
  const state =
    status === 'succeeded'
      ? 'done'
      : status === 'failed' || status === 'cancelled'
        ? 'dropped'
        : isAtRung(run)
          ? 'paused'
          : 'under way';
  // Averaged weights are evaluated once, at the very end.
  const fair = evaluations.filter(({ averaged }) => !averaged);
  const mccs = epochs.map(({ epoch, validation }) =>
    Math.max(validation.mcc, ...fair.filter((one) => one.epoch <= epoch).map((one) => one.validation.mcc)),
  );
  return { trial: trial!, epochs: epochs.length, mccs, state };
}

/** Epochs that all trials together train, where each rung lets its share through. */
export function epochsOfAll(trials: number, { epochs, reductionFactor, last }: Rungs): number {
  let [sum, done, left] = [0, 0, trials];
  for (const end of [...epochs, last]) {
    sum += left * (end - done);
    [done, left] = [end, Math.max(1, Math.floor(left / reductionFactor))];
  }
  return sum;
}

/**
 * The trials that may go on now from the rung where they wait, those of the highest rung first.
 * @param isLast whether no trial is under way or to come: then the best of the highest rung goes on however few there are, so that
 * one is trained to its end
 */
export function promotable(trials: readonly HalvedTrial[], rungs: Rungs, isLast: boolean): HalvedTrial[] {
  const found: HalvedTrial[] = [];
  for (const [index, epochs] of [...rungs.epochs.entries()].reverse()) {
    const ranked = rankedAt(trials, epochs);
    const top = ranked.slice(0, Math.floor(ranked.length / rungs.reductionFactor));
    found.push(...top.filter((trial) => isWaitingAt(trial, rungs, index)));
    if (found.length > 0 || !isLast || ranked.length === 0) continue;
    if (trials.some(({ state }) => state === 'done')) continue;
    const best = ranked.find((trial) => isWaitingAt(trial, rungs, index));
    if (best) return [best];
  }
  return found;
}

/**
 * The trials that wait at a rung and cannot go on any more, however those that come after them do. The best that waits at a rung always
 * may: those before it may fail.
 * @param toCome how many trials are still to start
 */
export function hopeless(trials: readonly HalvedTrial[], rungs: Rungs, toCome: number): HalvedTrial[] {
  return rungs.epochs.flatMap((epochs, index) => {
    const ranked = rankedAt(trials, epochs);
    const mayCome = trials.filter((trial) => trial.state !== 'dropped' && !hasReached(trial, epochs)).length;
    const most = Math.floor((ranked.length + mayCome + toCome) / rungs.reductionFactor);
    const [, ...waiting] = ranked.filter((trial) => isWaitingAt(trial, rungs, index));
    return waiting.filter((trial) => ranked.indexOf(trial) >= most);
  });
}

/** The epochs after which a trial pauses next; null where it goes on to its end. */
export function nextRung(epochsDone: number, { epochs }: Rungs): number | null {
  return epochs.find((rung) => rung > epochsDone) ?? null;
}

/** Those that have come to a rung, best first. */
function rankedAt(trials: readonly HalvedTrial[], epochs: number): HalvedTrial[] {
  return trials
    .filter((trial) => hasReached(trial, epochs))
    .sort((one, other) => mccAt(other, epochs) - mccAt(one, epochs) || one.trial - other.trial);
}

/** One that was trained to its end early counts in every rung. */
function hasReached({ epochs, state, mccs }: HalvedTrial, rung: number): boolean {
  return mccs.length > 0 && (epochs >= rung || state === 'done');
}

function isWaitingAt({ epochs, state }: HalvedTrial, rungs: Rungs, index: number): boolean {
  return state === 'paused' && epochs === rungs.epochs[index];
}

function mccAt({ mccs }: HalvedTrial, epochs: number): number {
  return mccs[Math.min(epochs, mccs.length) - 1]!;
}
