import type { ScheduleName } from './schedule.js';

/** What a fine-tuning may be told. */
export interface Hyperparameters {
  epochs: number;
  /** Examples that are computed at once. */
  batchSize: number;
  /** Batches whose gradients make one step: a step sees `batchSize` times as many examples, in the memory of `batchSize`. */
  gradientAccumulationSteps: number;
  /** The highest; see `schedule`. */
  learningRate: number;
  schedule: ScheduleName;
  /** Share of all steps in which the learning rate climbs from 0 to its peak. */
  warmupRatio: number;
  /** Factor of the learning rate from one layer to the next below it; 1: all layers learn alike. See {@link layerwiseScale}. */
  layerwiseLearningRateDecay: number;
  /** Longest sequence in tokens, [CLS] and [SEP] counted; longer sentences are cut. */
  maxLength: number;
  /** Decoupled decay (Loshchilov & Hutter, 2019) of all weights but biases and LayerNorm. */
  weightDecay: number;
  dropout: number;
  maxGradientNorm: number;
  /** Share of each target that is spread over both classes (Szegedy et al., 2016). */
  labelSmoothing: number;
  /** What an example of each class counts: of label 0 and of label 1, or as scarce as it is; null: all the same. */
  classWeights: readonly [number, number] | 'balanced' | null;
  /** α of R-Drop, see {@link symmetricDivergence}; 0: off. */
  rDrop: number;
  /** How many of the top encoder layers forget their pre-training (Zhang et al., 2021), and the head's dense layer with them. */
  reinitializedLayers: number;
  /** Over the ends of how many last epochs the weights are averaged (Izmailov et al., 2018); 0: off. */
  weightAveraging: number;
  /** Evaluates after each so many steps too, not at the ends of epochs alone; null: at those alone. */
  evaluationSteps: number | null;
  /** Ends the training after so many evaluations in a row without a better MCC; null: never. */
  earlyStoppingPatience: number | null;
  seed: number;
}

/** The article's values (see docs/results.md), and every option off that it does not use. */
export const defaultHyperparameters: Readonly<Omit<Hyperparameters, 'maxLength'>> = {
  epochs: 3,
  batchSize: 32,
  gradientAccumulationSteps: 1,
  learningRate: 3e-5,
  schedule: 'linear',
  warmupRatio: 0.1,
  layerwiseLearningRateDecay: 1,
  weightDecay: 0.01,
  dropout: 0.1,
  maxGradientNorm: 1,
  labelSmoothing: 0,
  classWeights: null,
  rDrop: 0,
  reinitializedLayers: 0,
  weightAveraging: 0,
  evaluationSteps: null,
  earlyStoppingPatience: null,
  seed: 42,
};

/** One hyperparameter that cannot be as it is, and what to do. */
export interface Contradiction {
  name: keyof Hyperparameters;
  message: string;
}

/**
 * What does not go together, although each value is within its bounds.
 * @param numHiddenLayers of the model; null where it is not known yet
 */
export function contradictions(
  hyperparameters: Pick<
    Hyperparameters,
    'epochs' | 'weightAveraging' | 'rDrop' | 'dropout' | 'reinitializedLayers'
  >,
  numHiddenLayers: number | null,
): Contradiction[] {
  const { epochs, weightAveraging, rDrop, dropout, reinitializedLayers } = hyperparameters;
  const found: Contradiction[] = [];
  if (weightAveraging === 1) {
    found.push({
      name: 'weightAveraging',
      message: 'weightAveraging 1 would average one epoch alone, which changes nothing: take 2 or more, or 0',
    });
  }
  if (weightAveraging > epochs) {
    found.push({
      name: 'weightAveraging',
      message: `weightAveraging ${weightAveraging} is more than the ${epochs} epochs there are: take fewer, or more epochs`,
    });
  }
  if (rDrop > 0 && dropout === 0) {
    found.push({
      name: 'rDrop',
      message: 'rDrop compares two dropout masks, and dropout is 0: set dropout above 0, or rDrop to 0',
    });
  }
  if (numHiddenLayers !== null && reinitializedLayers > numHiddenLayers) {
    found.push({
      name: 'reinitializedLayers',
      message: `reinitializedLayers ${reinitializedLayers} is more than the ${numHiddenLayers} layers of the base model: take fewer`,
    });
  }
  return found;
}
