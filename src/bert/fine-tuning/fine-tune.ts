import type { EncoderConfig } from '../config.js';
import type { Engine } from '../engines/engine.js';
import { WORD_EMBEDDINGS } from '../network/parameters.js';
import type { NamedTensor, WeightSource } from '../weights/named-tensor.js';
import { epochBatches } from './batches.js';
import {
  checkpointTensors,
  restoredMeans,
  restoredParameters,
  type BestSoFar,
  type Checkpoint,
  type FineTuningProgress,
} from './checkpoint.js';
import { CompactVocabulary } from './compact-vocabulary.js';
import { evaluate } from './evaluate.js';
import type { CheckpointEvent, EvaluationEvent, FineTuningEvent } from './events.js';
import type { Example } from './example.js';
import { examplesPerStep, stretches, trainingExtent } from './extent.js';
import { contradictions, type Hyperparameters } from './hyperparameters.js';
import { initialParameters } from './initial-parameters.js';
import { Objective } from './objective.js';
import type { ParameterStore } from '../engines/parameter-store.js';
import { Trainer } from './trainer.js';
import { parameterShapes } from '../weights/parameter-shapes.js';

export interface FineTuningJob {
  engine: Engine;
  config: EncoderConfig;
  /** Pre-trained weights that fit `config`; read at the start, and the word embeddings again whenever weights are asked for. */
  weights: WeightSource;
  training: readonly Example[];
  validation: readonly Example[];
  hyperparameters: Hyperparameters;
  /**
   * Breaks an evaluation off after its batch; where a checkpoint is due, it comes before the error. Training needs no signal: it waits
   * for the caller after each step.
   */
  signal?: AbortSignal;
  /** Resumes from here. Everything else of the job must be as it was, but there may be more epochs. */
  checkpoint?: Checkpoint;
  /**
   * Asked after each step and evaluation: true yields a checkpoint. Where it is given, there is one at the end of each epoch too. The
   * losses do not depend on where checkpoints are.
   */
  isCheckpointDue?: () => boolean;
}

/**
 * Fine-tunes an encoder for classification, as the article and Devlin et al. (2019, section 4.1) do: AdamW, linear schedule with
 * warm-up, clipping by global norm; MCC on the validation examples after each epoch. What other recipes do is there as options.
 * Yields an event after each step, evaluation and epoch; a caller that stops asking stops the run, and everything is freed.
 * @throws TrainingDivergedError if the loss is no longer a number
 * @throws CheckpointMismatchError if the checkpoint belongs to another model or other examples
 */
export async function* fineTune(job: FineTuningJob): AsyncGenerator<FineTuningEvent, void, void> {
  const [wrong] = contradictions(job.hyperparameters, job.config.numHiddenLayers);
  if (wrong) throw new RangeError(`${wrong.message}.`);
  const run = new FineTuning(job);
  try {
    yield* run.events();
  } finally {
    run.dispose();
  }
}

class FineTuning {
  private readonly vocabulary: CompactVocabulary;
  /** As the network sees them: word pieces renumbered. */
  private readonly config: EncoderConfig;
  private readonly training: Example[];
  private readonly validation: Example[];
  private readonly stepsPerEpoch: number;
  private readonly best: BestEvaluation;
  private readonly average: WeightAverage;
  private store: ParameterStore;
  private readonly trainer: Trainer;

  constructor(private readonly job: FineTuningJob) {
    const { config, hyperparameters } = job;
    this.vocabulary = new CompactVocabulary(
      [...job.training, ...job.validation].map((example) => example.tokenIds),
      config.padTokenId,
    );
    this.config = {
      ...config,
      vocabSize: this.vocabulary.size,
      padTokenId: this.vocabulary.compactId(config.padTokenId),
    };
    this.training = job.training.map((example) => this.compacted(example));
    this.validation = job.validation.map((example) => this.compacted(example));
    this.stepsPerEpoch = trainingExtent(hyperparameters, this.training.length).stepsPerEpoch;
    // First of all, since it may refuse the examples.
    const objective = new Objective(hyperparameters, this.training);
    const { checkpoint } = job;
    this.best = new BestEvaluation(checkpoint?.progress.best);
    const averaged =
      (checkpoint?.progress.epoch ?? 1) - 1 - (hyperparameters.epochs - hyperparameters.weightAveraging);
    // A training that is given more epochs averages later ones.
    const goesOn = checkpoint?.progress.average.count === Math.max(0, averaged);
    this.average = new WeightAverage(goesOn ? checkpoint : undefined);
    this.store = job.engine.createParameterStore(
      checkpoint ? restoredParameters(checkpoint, parameterShapes(this.config)) : this.startingPoint(),
    );
    this.trainer = new Trainer(
      this.config,
      this.store,
      this.training,
      hyperparameters,
      objective,
      checkpoint?.progress,
    );
  }

  async *events(): AsyncGenerator<FineTuningEvent, void, void> {
    let begun: EpochProgress = this.job.checkpoint?.progress ?? newEpoch(1);
    while (begun.epoch <= this.job.hyperparameters.epochs) {
      yield* this.trainEpoch(begun);
      const reason = this.reasonToStop();
      if (reason !== null) {
        yield { type: 'stoppedEarly', reason };
        break;
      }
      begun = newEpoch(begun.epoch + 1);
    }
    if (this.average.count > 1) yield await this.evaluateAverage();
  }

  dispose(): void {
    this.store.dispose();
  }

  /** @param begun what was done of the epoch before */
  private async *trainEpoch(begun: EpochProgress): AsyncGenerator<FineTuningEvent, void, void> {
    const { epochs, seed, evaluationSteps, weightAveraging } = this.job.hyperparameters;
    const { epoch } = begun;
    const lengths = this.training.map((example) => example.tokenIds.length);
    const batches = epochBatches(lengths, examplesPerStep(this.job.hyperparameters), seed, epoch);
    let { stepsIntoEpoch: done, isEvaluationDue, lossSum, trainingSeconds } = begun;
    const checkpoint = () =>
      this.checkpoint({ epoch, stepsIntoEpoch: done, isEvaluationDue, lossSum, trainingSeconds });
    let evaluation: EvaluationEvent | undefined;
    let end = 0;
    for (const stretch of stretches(batches, this.trainer.step - done, evaluationSteps)) {
      end += stretch.length;
      if (done > end || (done === end && !isEvaluationDue)) continue;
      // Checked here, since the evaluation at an epoch's end ends the epoch first.
      if (this.reasonToStop() !== null) return;
      while (done < end) {
        const started = performance.now();
        for await (const step of this.trainer.train(epoch, batches.slice(done, end), this.isCheckpointDue)) {
          lossSum += step.loss * step.examples;
          done++;
          yield step;
        }
        trainingSeconds += (performance.now() - started) / 1000;
        if (done < end) yield checkpoint();
      }
      isEvaluationDue = true;
      try {
        evaluation = await this.evaluate(false, this.trainer.untouchedDecay);
      } catch (error) {
        if (this.job.signal?.aborted && this.isCheckpointDue()) yield checkpoint();
        throw error;
      }
      isEvaluationDue = false;
      yield evaluation;
      if (end < batches.length && this.isCheckpointDue()) yield checkpoint();
    }
    if (epoch > epochs - weightAveraging) this.average.add(this.store, this.trainer.untouchedDecay);
    const { validation, best } = evaluation!;
    const trainingLoss = lossSum / this.training.length;
    yield { type: 'epoch', epoch, trainingLoss, validation, best, trainingSeconds };
    if (this.job.isCheckpointDue) yield this.checkpoint(newEpoch(epoch + 1));
  }

  private readonly isCheckpointDue = (): boolean => this.job.isCheckpointDue?.() ?? false;

  private checkpoint(epoch: EpochProgress): CheckpointEvent {
    const { step, untouchedDecay } = this.trainer;
    const { count, untouchedDecay: averageDecay, means } = this.average;
    return {
      type: 'checkpoint',
      progress: {
        ...epoch,
        step,
        untouchedDecay,
        best: this.best.soFar,
        average: { count, untouchedDecay: averageDecay },
      },
      ...checkpointTensors(this.store, parameterShapes(this.config), means),
    };
  }

  private async evaluate(averaged: boolean, untouchedDecay: number): Promise<EvaluationEvent> {
    const { step } = this.trainer;
    const snapshot = this.store.read();
    const { evaluation: validation, logits } = await evaluate(
      this.config,
      snapshot,
      this.validation,
      this.job.signal,
    ).finally(() => snapshot.release());
    return {
      type: 'evaluation',
      step,
      epoch: step / this.stepsPerEpoch,
      averaged,
      validation,
      logits,
      best: this.best.judge(validation.mcc, step),
      weights: () => this.fullParameters(untouchedDecay),
    };
  }

  /** The average takes the place of the trained weights, which are not needed any more. */
  private async evaluateAverage(): Promise<EvaluationEvent> {
    this.store.dispose();
    this.store = this.job.engine.createParameterStore(this.average.take());
    return this.evaluate(true, this.average.untouchedDecay);
  }

  private reasonToStop(): string | null {
    const { earlyStoppingPatience } = this.job.hyperparameters;
    const { mcc, step, since } = this.best;
    if (earlyStoppingPatience === null || since < earlyStoppingPatience) return null;
    if (this.trainer.step === this.trainer.totalSteps) return null;
    const evaluations = since === 1 ? 'evaluation' : 'evaluations';
    return `The MCC has not risen above ${mcc.toFixed(4)} (step ${step}) in ${since} ${evaluations}.`;
  }

  private compacted({ tokenIds, label }: Example): Example {
    return { tokenIds: Int32Array.from(tokenIds, (piece) => this.vocabulary.compactId(piece)), label };
  }

  private *startingPoint(): Generator<NamedTensor> {
    const { config, weights, hyperparameters } = this.job;
    const { seed, reinitializedLayers } = hyperparameters;
    for (const parameter of initialParameters(config, weights, seed, reinitializedLayers)) {
      yield parameter.name === WORD_EMBEDDINGS ? this.vocabulary.compact(parameter) : parameter;
    }
  }

  private *fullParameters(untouchedDecay: number): Generator<NamedTensor> {
    for (const name of this.store.names) {
      const trained = this.store.export(name);
      yield name === WORD_EMBEDDINGS
        ? this.vocabulary.expand(this.job.weights.read(name), trained, untouchedDecay)
        : trained;
    }
  }
}

/** What was done of an epoch. */
type EpochProgress = Pick<
  FineTuningProgress,
  'epoch' | 'stepsIntoEpoch' | 'isEvaluationDue' | 'lossSum' | 'trainingSeconds'
>;

function newEpoch(epoch: number): EpochProgress {
  return { epoch, stepsIntoEpoch: 0, isEvaluationDue: false, lossSum: 0, trainingSeconds: 0 };
}

/** Keeps track of the best MCC of a run, and of how long there has been no better one. */
class BestEvaluation implements BestSoFar {
  mcc = -Infinity;
  step = 0;
  since = 0;

  constructor(soFar?: BestSoFar | null) {
    Object.assign(this, soFar);
  }

  /** Null before the first evaluation. */
  get soFar(): BestSoFar | null {
    const { mcc, step, since } = this;
    return mcc === -Infinity ? null : { mcc, step, since };
  }

  /** @returns whether it is better than every earlier one: the first of equals stays the best */
  judge(mcc: number, step: number): boolean {
    if (mcc <= this.mcc) {
      this.since++;
      return false;
    }
    this.mcc = mcc;
    this.step = step;
    this.since = 0;
    return true;
  }
}

/**
 * The mean of a model's weights at several points of a training (Izmailov et al., "Averaging weights leads to wider optima and
 * better generalization", 2018). Kept outside of the engine's memory, as one running mean.
 */
class WeightAverage {
  count = 0;
  /** The mean of what weight decay had made of a parameter that never had a gradient. */
  untouchedDecay = 0;
  readonly means: Map<string, NamedTensor>;

  constructor(checkpoint?: Checkpoint) {
    Object.assign(this, checkpoint?.progress.average);
    this.means = checkpoint ? restoredMeans(checkpoint) : new Map<string, NamedTensor>();
  }

  /** Takes the weights as they are now into the mean. */
  add(store: ParameterStore, untouchedDecay: number): void {
    this.count++;
    this.untouchedDecay += (untouchedDecay - this.untouchedDecay) / this.count;
    for (const name of store.names) {
      const now = store.export(name);
      const mean = this.means.get(name);
      if (mean) moveTowards(mean.data, now.data, 1 / this.count);
      else this.means.set(name, now);
    }
  }

  /** The mean, each tensor once: what is taken is let go. */
  *take(): Generator<NamedTensor> {
    for (const [name, mean] of this.means) {
      this.means.delete(name);
      yield mean;
    }
  }
}

function moveTowards(mean: Float32Array, value: Float32Array, share: number): void {
  for (let i = 0; i < mean.length; i++) mean[i]! += (value[i]! - mean[i]!) * share;
}
