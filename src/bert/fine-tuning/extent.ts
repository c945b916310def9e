import { stepsPerEpoch } from './batches.js';
import type { Hyperparameters } from './hyperparameters.js';

/** The amount of work in a fine-tuning that does not stop early. */
export interface Extent {
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
  const { epochs, evaluationSteps, weightAveraging } = hyperparameters;
  const steps = stepsPerEpoch(examples, examplesPerStep(hyperparameters));
  let evaluations = weightAveraging > 0 ? 1 : 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    evaluations += stretchesOfSteps(steps, (epoch - 1) * steps, evaluationSteps).length;
  }
  return { stepsPerEpoch: steps, totalSteps: epochs * steps, totalExamples: epochs * examples, evaluations };
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

function stretchesOfSteps(steps: number, stepsBefore: number, evaluationSteps: number | null): number[] {
  const lengths: number[] = [];
  for (let done = 0; done < steps; done += lengths.at(-1)!) {
    const untilEvaluation =
      evaluationSteps === null ? Infinity : evaluationSteps - ((stepsBefore + done) % evaluationSteps);
    lengths.push(Math.min(untilEvaluation, steps - done));
  }
  return lengths;
}
