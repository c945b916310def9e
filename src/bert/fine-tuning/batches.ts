import { shuffle, statelessPhilox } from '../random.js';

/**
 * Examples are sorted by length within groups of this many batches: lengths are nearly equal, and batches are
 * still well mixed.
 */
const BATCHES_PER_BUCKET = 50;

/**
 * Separates the random numbers of the shuffle from those of dropout, which count steps × places from 1024
 * upwards.
 */
const ORDER_STREAM = -1;

/**
 * The batches of one epoch, as indices of examples. The sentences of a batch have similar lengths, so there
 * is little padding. The composition and order of the batches are random and depend only on (seed, epoch).
 * @param lengths tokens of each example
 */
export function epochBatches(
  lengths: readonly number[],
  batchSize: number,
  seed: number,
  epoch: number,
): number[][] {
  const random = statelessPhilox(seed, ORDER_STREAM - epoch);
  const order = shuffle(
    lengths.map((_, index) => index),
    random,
  );
  const batches: number[][] = [];
  const bucketSize = batchSize * BATCHES_PER_BUCKET;
  for (let start = 0; start < order.length; start += bucketSize) {
    const bucket = order.slice(start, start + bucketSize).sort((a, b) => lengths[a]! - lengths[b]!);
    for (let i = 0; i < bucket.length; i += batchSize) batches.push(bucket.slice(i, i + batchSize));
  }
  return shuffle(batches, random);
}

/** Number of steps in an epoch: the number of batches that {@link epochBatches} makes. */
export function stepsPerEpoch(examples: number, batchSize: number): number {
  return Math.ceil(examples / batchSize);
}

/** Batches for evaluation, sorted by length and not shuffled. */
export function evaluationBatches(lengths: readonly number[], batchSize: number): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: number[][] = [];
  for (let i = 0; i < order.length; i += batchSize) batches.push(order.slice(i, i + batchSize));
  return batches;
}
