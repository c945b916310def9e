import { epochBatches, stepsPerEpoch } from './batches.js';
import type { Hyperparameters } from './hyperparameters.js';

/** The amount of work in a fine-tuning that does not stop early. */
export interface Extent {
  /** More than the steps where a step is made of several batches. */
  batchesPerEpoch: number;
  stepsPerEpoch: number;
  totalSteps: number;
  /** Over all epochs. */
  totalExamples: number;
  /** At the end of each epoch, after every `evaluationSteps`, and for the averaged weights. */
  evaluations: number;
}

type Decisive = Pick<
  Hyperparameters,
  'epochs' | 'batchSize' | 'gradientAccumulationSteps' | 'evaluationSteps' | 'weightAveraging'
>;

/** @param examples to train on */
export function trainingExtent(hyperparameters: Decisive, examples: number): Extent {
  const { epochs, batchSize, evaluationSteps, weightAveraging } = hyperparameters;
  const steps = stepsPerEpoch(examples, examplesPerStep(hyperparameters));
  let evaluations = weightAveraging > 0 ? 1 : 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    evaluations += stretchesOfSteps(steps, (epoch - 1) * steps, evaluationSteps).length;
  }
  return {
    batchesPerEpoch: Math.ceil(examples / batchSize),
    stepsPerEpoch: steps,
    totalSteps: epochs * steps,
    totalExamples: epochs * examples,
    evaluations,
  };
}

/**
 * How many tokens each step of an epoch computes, in the order of the steps: padding is computed too, and R-Drop computes each row twice.
 * @param lengths tokens of each example
 */
export function tokensOfSteps(
  lengths: readonly number[],
  hyperparameters: Pick<Hyperparameters, 'batchSize' | 'gradientAccumulationSteps' | 'rDrop' | 'seed'>,
  epoch: number,
): number[] {
  const { batchSize, seed } = hyperparameters;
  const passes = passesOf(hyperparameters);
  return epochBatches(lengths, examplesPerStep(hyperparameters), seed, epoch).map((rows) => {
    let tokens = 0;
    for (let start = 0; start < rows.length; start += batchSize) {
      const part = rows.slice(start, start + batchSize);
      // Sorted by length: the last row is the longest.
      tokens += part.length * lengths[part.at(-1)!]!;
    }
    return passes * tokens;
  });
}

/** How often each row of a batch is computed. */
export function passesOf({ rDrop }: Pick<Hyperparameters, 'rDrop'>): number {
  return rDrop > 0 ? 2 : 1;
}

export function examplesPerStep({
  batchSize,
  gradientAccumulationSteps,
}: Pick<Hyperparameters, 'batchSize' | 'gradientAccumulationSteps'>): number {
  return batchSize * gradientAccumulationSteps;
}

/**
 * The batches of an epoch, split after each step that is followed by an evaluation: the last one, and the
 * multiples of `evaluationSteps`.
 */
export function stretches<Batch>(
  batches: readonly Batch[],
  stepsBefore: number,
  evaluationSteps: number | null,
): Batch[][] {
  let start = 0;
  return stretchesOfSteps(batches.length, stepsBefore, evaluationSteps).map((steps) =>
    batches.slice(start, (start += steps)),
  );
}

/** Whether an evaluation follows a step. */
export function isEvaluatedAfter(
  step: number,
  { stepsPerEpoch }: Pick<Extent, 'stepsPerEpoch'>,
  evaluationSteps: number | null,
): boolean {
  return step % stepsPerEpoch === 0 || (evaluationSteps !== null && step % evaluationSteps === 0);
}

/** How many evaluations belong to the first so many steps. */
export function evaluationsUntil(
  steps: number,
  { stepsPerEpoch, evaluationSteps }: Pick<Extent, 'stepsPerEpoch'> & { evaluationSteps: number | null },
): number {
  let evaluations = 0;
  for (let step = 1; step <= steps; step++) {
    if (isEvaluatedAfter(step, { stepsPerEpoch }, evaluationSteps)) evaluations++;
  }
  return evaluations;
}

function stretchesOfSteps(steps: number, stepsBefore: number, evaluationSteps: number | null): number[] {
  const lengths: number[] = [];
  for (let done = 0; done < steps; done += lengths.at(-1)!) {
    const untilEvaluation =
      evaluationSteps === null ? Infinity : evaluationSteps - ((stepsBefore + done) % evaluationSteps);
    lengths.push(Math.min(untilEvaluation, steps - done));
  }
  return lengths;
}
