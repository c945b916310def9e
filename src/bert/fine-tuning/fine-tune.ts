import type { BertConfig } from '../config.js';
import type { Engine } from '../engines/engine.js';
import { makeBatch, disposeBatch } from '../network/batch.js';
import { DropoutPlaces } from '../network/dropout-places.js';
import { WORD_EMBEDDINGS } from '../network/parameters.js';
import type { NamedTensor, WeightSource } from '../weights/named-tensor.js';
import { epochBatches, stepsPerEpoch } from './batches.js';
import { CompactVocabulary } from './compact-vocabulary.js';
import { evaluate, messagesMayArrive } from './evaluate.js';
import type { FineTuningEvent, StepEvent } from './events.js';
import type { Example } from './example.js';
import { clippingScale, globalNorm, lossAndGradients } from './gradients.js';
import type { Hyperparameters } from './hyperparameters.js';
import { initialParameters } from './initial-parameters.js';
import type { ParameterStore } from './parameter-store.js';
import { LinearSchedule } from './schedule.js';

export interface FineTuningJob {
  engine: Engine;
  config: BertConfig;
  /** Pre-trained weights that fit `config`; read at the start, and the word embeddings again whenever weights are asked for. */
  weights: WeightSource;
  training: readonly Example[];
  validation: readonly Example[];
  hyperparameters: Hyperparameters;
  /** Breaks an evaluation off after its batch. Training needs none: it waits for the caller after each step. */
  signal?: AbortSignal;
}

/**
 * Fine-tunes BERT for classification, as the article and Devlin et al. (2019, section 4.1) do: AdamW, linear schedule with
 * warm-up, clipping by global norm; MCC on the validation examples after each epoch. Yields an event after each step and each
 * epoch; a caller that stops asking stops the run, and everything is freed.
 * @throws TrainingDivergedError if the loss is no longer a number
 */
export async function* fineTune(job: FineTuningJob): AsyncGenerator<FineTuningEvent, void, void> {
  const { config, engine, hyperparameters } = job;
  const vocabulary = new CompactVocabulary(
    [...job.training, ...job.validation].map((example) => example.tokenIds),
    config.padTokenId,
  );
  const training = job.training.map((example) => compactExample(example, vocabulary));
  const validation = job.validation.map((example) => compactExample(example, vocabulary));
  const compactConfig = {
    ...config,
    vocabSize: vocabulary.size,
    padTokenId: vocabulary.compactId(config.padTokenId),
  };
  const store = engine.createParameterStore(
    compactedParameters(initialParameters(config, job.weights, hyperparameters.seed), vocabulary),
  );
  try {
    const trainer = new Trainer(compactConfig, store, training, hyperparameters);
    let bestMcc = -Infinity;
    for (let epoch = 1; epoch <= hyperparameters.epochs; epoch++) {
      const started = performance.now();
      let lossSum = 0;
      for await (const step of trainer.trainEpoch(epoch)) {
        lossSum += step.loss * step.examples;
        yield step;
      }
      const trainingSeconds = (performance.now() - started) / 1000;

      const snapshot = store.read();
      const evaluation = await evaluate(compactConfig, snapshot, validation, job.signal).finally(() =>
        snapshot.release(),
      );
      const best = evaluation.mcc > bestMcc;
      bestMcc = Math.max(bestMcc, evaluation.mcc);
      yield {
        type: 'epoch',
        epoch,
        trainingLoss: lossSum / training.length,
        validation: evaluation,
        best,
        trainingSeconds,
        weights: () => fullParameters(job.weights, store, vocabulary, trainer.untouchedDecay),
      };
    }
  } finally {
    store.dispose();
  }
}

/** The loss or its gradient became infinite or undefined. */
export class TrainingDivergedError extends Error {
  override readonly name = 'TrainingDivergedError';

  constructor(step: number) {
    super(`The loss is no longer a number at step ${step}. Try a lower learning rate, or a longer warm-up.`);
  }
}

/** The steps of a run: batches in, updated parameters and numbers out. */
class Trainer {
  /** What weight decay has made of a parameter that never had a gradient. */
  untouchedDecay = 1;
  private step = 0;
  private readonly lengths: number[];
  private readonly totalSteps: number;
  private readonly schedule: LinearSchedule;

  constructor(
    private readonly config: BertConfig,
    private readonly store: ParameterStore,
    private readonly examples: readonly Example[],
    private readonly hyperparameters: Hyperparameters,
  ) {
    const { epochs, batchSize, learningRate, warmupRatio } = hyperparameters;
    this.lengths = examples.map((example) => example.tokenIds.length);
    this.totalSteps = epochs * stepsPerEpoch(examples.length, batchSize);
    this.schedule = new LinearSchedule(learningRate, this.totalSteps, warmupRatio);
  }

  async *trainEpoch(epoch: number): AsyncGenerator<StepEvent, void, void> {
    const { batchSize, seed } = this.hyperparameters;
    for (const indices of epochBatches(this.lengths, batchSize, seed, epoch)) {
      const event = this.trainStep(
        epoch,
        indices.map((index) => this.examples[index]!),
      );
      await messagesMayArrive();
      yield event;
    }
  }

  private trainStep(epoch: number, rows: Example[]): StepEvent {
    const { dropout, seed, weightDecay, maxGradientNorm } = this.hyperparameters;
    this.step++;
    const learningRate = this.schedule.learningRate(this.step);
    const batch = makeBatch(
      rows.map((row) => row.tokenIds),
      rows.map((row) => row.label),
      this.config.padTokenId,
    );
    const parameters = this.store.read();
    const { loss, gradients } = lossAndGradients(
      this.config,
      parameters,
      batch,
      new DropoutPlaces(dropout, seed, this.step),
    );
    parameters.release();
    disposeBatch(batch);

    const gradientNorm = globalNorm(gradients.values());
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      gradients.forEach((gradient) => gradient.dispose());
      throw new TrainingDivergedError(this.step);
    }
    this.store.update(gradients, {
      step: this.step,
      learningRate,
      weightDecay,
      gradientScale: clippingScale(gradientNorm, maxGradientNorm),
    });
    this.untouchedDecay *= 1 - learningRate * weightDecay;
    return {
      type: 'step',
      step: this.step,
      totalSteps: this.totalSteps,
      epoch,
      loss,
      learningRate,
      gradientNorm,
      examples: rows.length,
    };
  }
}

function compactExample({ tokenIds, label }: Example, vocabulary: CompactVocabulary): Example {
  return { tokenIds: Int32Array.from(tokenIds, (piece) => vocabulary.compactId(piece)), label };
}

function* compactedParameters(
  parameters: Iterable<NamedTensor>,
  vocabulary: CompactVocabulary,
): Generator<NamedTensor> {
  for (const parameter of parameters) {
    yield parameter.name === WORD_EMBEDDINGS ? vocabulary.compact(parameter) : parameter;
  }
}

function* fullParameters(
  original: WeightSource,
  store: ParameterStore,
  vocabulary: CompactVocabulary,
  decay: number,
): Generator<NamedTensor> {
  for (const name of store.names) {
    const trained = store.export(name);
    yield name === WORD_EMBEDDINGS ? vocabulary.expand(original.read(name), trained, decay) : trained;
  }
}
