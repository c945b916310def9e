import { add, type Scalar, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { crossEntropy } from '../kernels/cross-entropy.js';
import { symmetricDivergence } from '../kernels/symmetric-divergence.js';
import type { Example } from './example.js';
import type { Hyperparameters } from './hyperparameters.js';

/** The loss of one pass through the network. */
export type Loss = (logits: Tensor2D, labels: Tensor1D) => Scalar;

/**
 * The training loss: cross-entropy, with label smoothing, class weights and R-Drop if requested. The loss of
 * a batch is the sum of the losses of its parts, however it is split.
 */
export class Objective {
  private readonly labelSmoothing: number;
  private readonly classWeights: readonly [number, number] | null;
  private readonly rDrop: number;

  /** @param training examples from which balanced class weights are computed */
  constructor(
    {
      labelSmoothing,
      classWeights,
      rDrop,
    }: Pick<Hyperparameters, 'labelSmoothing' | 'classWeights' | 'rDrop'>,
    training: readonly Example[],
  ) {
    this.labelSmoothing = labelSmoothing;
    this.classWeights = classWeights === 'balanced' ? balancedWeights(training) : classWeights;
    this.rDrop = rDrop;
  }

  /**
   * The rows that the network computes for these examples. With R-Drop, each appears twice, under two dropout
   * masks.
   */
  rows(examples: readonly Example[]): Example[] {
    return this.rDrop > 0 ? [...examples, ...examples] : [...examples];
  }

  /**
   * The part of some examples in the loss of a batch, as a function of the logits of their {@link rows}. With
   * R-Drop it is half the loss of the paper: the mean of both cross-entropies (there the sum) and α/4 ·
   * (KL(P‖Q) + KL(Q‖P)) (there α/2). So losses have the same scale with and without R-Drop. Source: Liang et
   * al. (2021), section 2, and `reg_sentence_prediction` in their repository dropreg/R-Drop, which they
   * fine-tuned RoBERTa with.
   * @param batch all examples of the step
   */
  partOf(batch: readonly Example[]): Loss {
    const rows = this.rows(batch);
    const options = {
      labelSmoothing: this.labelSmoothing,
      ...(this.classWeights ? { classWeights: this.classWeights } : {}),
      divisor: rows.reduce((sum, { label }) => sum + (this.classWeights?.[label] ?? 1), 0),
    };
    if (this.rDrop === 0) return (logits, labels) => crossEntropy(logits, labels, options);
    const scale = this.rDrop / (4 * batch.length);
    return (logits, labels) => add(crossEntropy(logits, labels, options), symmetricDivergence(logits, scale));
  }
}

/** n / (classes · examples of the class): `class_weight="balanced"` of scikit-learn (King & Zeng, 2001). */
export function balancedWeights(examples: readonly Example[]): [number, number] {
  const acceptable = examples.filter(({ label }) => label === 1).length;
  const counts = [examples.length - acceptable, acceptable] as const;
  if (counts.includes(0)) throw new Error('Balanced class weights need training examples of both classes.');
  return [examples.length / (2 * counts[0]), examples.length / (2 * counts[1])];
}
