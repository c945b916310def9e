import type { Scalar } from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../config.js';
import { disposeBatch, makeBatch } from '../network/batch.js';
import { DropoutPlaces } from '../network/dropout-places.js';
import { WORD_EMBEDDINGS } from '../network/parameters.js';
import { messagesMayArrive } from './evaluate.js';
import type { FineTuningProgress } from './checkpoint.js';
import type { StepEvent } from './events.js';
import type { Example } from './example.js';
import { trainingExtent } from './extent.js';
import {
  accumulate,
  clippingScale,
  globalNorm,
  lossAndGradients,
  type LossAndGradients,
} from './gradients.js';
import type { BertErrorCode } from '../errors.js';
import type { Hyperparameters } from './hyperparameters.js';
import { Objective } from './objective.js';
import type { ParameterSnapshot, ParameterStore } from '../engines/parameter-store.js';
import { LearningRateSchedule, layerwiseScale } from './learning-rates.js';

/** The loss or its gradient became infinite or undefined. */
export class TrainingDivergedError extends Error {
  override readonly name = 'TrainingDivergedError';

  readonly code = 'training-diverged' satisfies BertErrorCode;

  constructor(readonly step: number) {
    super(`The loss is no longer a number at step ${step}.`);
  }
}

/** The steps of a run: batches in, updated parameters and numbers out. */
export class Trainer {
  /** What weight decay has made of a word embedding that never had a gradient. */
  untouchedDecay: number;
  /** Steps done. */
  step: number;
  readonly totalSteps: number;
  private readonly schedule: LearningRateSchedule;

  constructor(
    private readonly config: EncoderConfig,
    private readonly store: ParameterStore,
    private readonly examples: readonly Example[],
    private readonly hyperparameters: Hyperparameters,
    private readonly objective = new Objective(hyperparameters, examples),
    start: Pick<FineTuningProgress, 'step' | 'untouchedDecay'> = { step: 0, untouchedDecay: 1 },
  ) {
    this.step = start.step;
    this.untouchedDecay = start.untouchedDecay;
    const { schedule, learningRate, warmupRatio } = hyperparameters;
    this.totalSteps = trainingExtent(hyperparameters, examples.length).totalSteps;
    this.schedule = new LearningRateSchedule(schedule, learningRate, this.totalSteps, warmupRatio);
  }

  /**
   * Trains on batches, in order; when it ends, the parameters are those after the last one.
   * @param batches of indices of examples, one for each step
   * @param isInterrupted asked after each step: true ends it there
   */
  async *train(
    epoch: number,
    batches: readonly number[][],
    isInterrupted: () => boolean = () => false,
  ): AsyncGenerator<StepEvent, void, void> {
    let computed: ComputedStep | undefined;
    try {
      for (const indices of batches) {
        const examples = indices.map((index) => this.examples[index]!);
        // Numbers are read a step late, so that the device always has work and never waits for JavaScript.
        const before = computed;
        computed = this.trainStep(examples);
        await messagesMayArrive();
        if (before) yield this.stepEvent(epoch, before);
        if (isInterrupted()) break;
      }
      if (computed) yield this.stepEvent(epoch, computed);
    } finally {
      if (computed) disposeStep(computed);
    }
  }

  private trainStep(examples: Example[]): ComputedStep {
    const { weightDecay, maxGradientNorm } = this.hyperparameters;
    this.step++;
    const learningRate = this.schedule.learningRate(this.step);
    const parameters = this.store.read();
    const { loss, gradients } = accumulate(this.passes(parameters, examples));
    parameters.release();

    const gradientNorm = globalNorm(gradients.values());
    const gradientScale = clippingScale(gradientNorm, maxGradientNorm);
    const { step, learningRateScale } = this;
    this.store.update(gradients, { step, learningRate, learningRateScale, weightDecay, gradientScale });
    gradientScale.dispose();
    this.untouchedDecay *= 1 - learningRate * learningRateScale(WORD_EMBEDDINGS) * weightDecay;
    return { step, learningRate, loss, gradientNorm, examples: examples.length };
  }

  /** @throws TrainingDivergedError */
  private stepEvent(epoch: number, computed: ComputedStep): StepEvent {
    const loss = computed.loss.dataSync()[0]!;
    const gradientNorm = computed.gradientNorm.dataSync()[0]!;
    disposeStep(computed);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingDivergedError(computed.step);
    }
    const { step, learningRate, examples } = computed;
    return {
      type: 'step',
      step,
      totalSteps: this.totalSteps,
      epoch,
      loss,
      learningRate,
      gradientNorm,
      examples,
    };
  }

  /** The step's examples in portions of `batchSize`. A batch is sorted by length, so those of a portion have near-equal lengths. */
  private *passes(parameters: ParameterSnapshot, examples: Example[]): Generator<LossAndGradients> {
    const { batchSize, gradientAccumulationSteps, dropout, seed } = this.hyperparameters;
    const loss = this.objective.partOf(examples);
    // Each pass has masks of its own. Counted by steps, so that they follow from (seed, step) alone.
    let pass = (this.step - 1) * gradientAccumulationSteps;
    for (let start = 0; start < examples.length; start += batchSize) {
      const rows = this.objective.rows(examples.slice(start, start + batchSize));
      const batch = makeBatch(
        rows.map((row) => row.tokenIds),
        rows.map((row) => row.label),
        this.config.padTokenId,
      );
      const places = new DropoutPlaces(dropout, seed, ++pass);
      const result = lossAndGradients(this.config, parameters, batch, places, loss);
      disposeBatch(batch);
      yield result;
    }
  }

  private readonly learningRateScale = (parameterName: string): number =>
    layerwiseScale(
      parameterName,
      this.config.numHiddenLayers,
      this.hyperparameters.layerwiseLearningRateDecay,
    );
}

/** A step that is done, with its numbers still on the device. */
interface ComputedStep {
  step: number;
  learningRate: number;
  loss: Scalar;
  gradientNorm: Scalar;
  examples: number;
}

function disposeStep({ loss, gradientNorm }: ComputedStep): void {
  loss.dispose();
  gradientNorm.dispose();
}
