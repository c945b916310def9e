/*
 * Asynchronous successive halving: Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020), algorithm 2. Trials train
 * to the first rung, and pause there. Of those that have come to a rung, the best 1/η go on to the next one; whether others are still to
 * come is not waited for.
 */

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
  return { epochs: rungs, reductionFactor };
}

/**
 * The trials that may go on now from the rung where they wait, those of the highest rung first.
 * @param isLast whether no trial is under way or to come: then the best of the highest rung goes on however few there are, so that
 * one is trained to its end
 */
export function promotable(trials: readonly HalvedTrial[], rungs: Rungs, isLast: boolean): HalvedTrial[] {
  const found: HalvedTrial[] = [];
  for (const [index, epochs] of [...rungs.epochs.entries()].reverse()) {
    const ranked = trials
      .filter((trial) => hasReached(trial, epochs))
      .sort((one, other) => mccAt(other, epochs) - mccAt(one, epochs) || one.trial - other.trial);
    const top = ranked.slice(0, Math.floor(ranked.length / rungs.reductionFactor));
    found.push(...top.filter((trial) => isWaitingAt(trial, rungs, index)));
    if (found.length > 0 || !isLast || ranked.length === 0) continue;
    if (trials.some(({ state }) => state === 'done')) continue;
    const best = ranked.find((trial) => isWaitingAt(trial, rungs, index));
    if (best) return [best];
  }
  return found;
}

/** The epochs after which a trial pauses next; null where it goes on to its end. */
export function nextRung(epochsDone: number, { epochs }: Rungs): number | null {
  return epochs.find((rung) => rung > epochsDone) ?? null;
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
