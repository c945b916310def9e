import { shuffle, statelessPhilox } from '../random.js';

/** Examples are sorted by length within stretches of this many batches: near-equal lengths, still well mixed. */
const BATCHES_PER_BUCKET = 50;

/** Keeps the shuffle's random numbers apart from dropout's, which count steps × places from 1024 upwards. */
const ORDER_STREAM = -1;

/**
 * One epoch's batches, as indices of examples. Batches hold sentences of near-equal length, so that little padding is computed;
 * which sentences meet, and the order of the batches, is random and depends on (seed, epoch) alone.
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

/** How many steps an epoch of `examples` has: {@link epochBatches} makes so many batches. */
export function stepsPerEpoch(examples: number, batchSize: number): number {
  return Math.ceil(examples / batchSize);
}

/** Batches for evaluation: sorted by length, none random. */
export function evaluationBatches(lengths: readonly number[], batchSize: number): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: number[][] = [];
  for (let i = 0; i < order.length; i += batchSize) batches.push(order.slice(i, i + batchSize));
  return batches;
}
