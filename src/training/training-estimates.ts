import { statfs } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { EncoderConfig } from '../bert/config.js';
import { trainingExtent, type Extent } from '../bert/fine-tuning/extent.js';
import { validationWarnings } from '../bert/evaluation/warnings.js';
import { LONGEST_AUTO_LENGTH } from '../bert/fine-tuning/hyperparameters.js';
import { parameterBytes } from '../bert/fine-tuning/memory.js';
import type { BaseModelSummary } from '../base-models/base-models.service.js';
import { Settings } from '../config/settings.js';
import type { LengthStatistics } from '../datasets/dataset.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import type { Overlap } from '../datasets/statistics/overlap.js';
import { DataFolder } from '../storage/data-folder.js';
import { heldOutOf } from './holdout.js';
import { encoderConfigOf, JobChecks, type MemoryCheck } from './job-checks.js';
import { trainingLimit } from './memory/training-room.js';
import type { RunHyperparameters } from './run.js';
import { RunsRepository } from './runs.repository.js';
import type { PlannedRows, RowsFacts } from './training-request.js';
import { TrainingProbes } from './training-probes.js';

/** A run that was asked for and found good, before anything of it is stored. */
export interface PlannedRun {
  training: PlannedRows;
  /** Null where rows are held out. */
  validation: PlannedRows | null;
  baseModel: BaseModelSummary;
  hyperparameters: RunHyperparameters;
  memory: MemoryCheck | null;
}

/** What a run would take. */
export interface TrainingEstimate extends Extent {
  baseModel: BaseModelSummary;
  trainingRows: number;
  validationRows: number;
  /** From the start to the registered model, a download not counted; null where it could not be told. */
  seconds: number | null;
  basis: EstimateBasis | null;
  memory: MemoryCheck | null;
  disk: { neededBytes: number; availableBytes: number };
  /** Of the validation set with the training set; null where rows are held out. */
  overlap: Overlap | null;
  warnings: string[];
}

export const estimateBases = ['earlier-run', 'measurement'] as const;
export type EstimateBasis = (typeof estimateBases)[number];

/** Pieces that a word is cut into, and [CLS] and [SEP]: CoLA's 7.7 words are 11.3 pieces. */
const PIECES_PER_WORD = 1.2;
const SPECIAL_PIECES = 2;
/** Judging a sentence takes a third of what training on it takes: there is no backward pass. */
const JUDGING = 1 / 3;
/** Batches that a probe trains on: short, middling and long rows. */
const PROBED_BATCHES = 3;
/** Weights as they are and in integers, and the vocabulary beside them. */
const MODEL_BYTES = 1.3;
const FEW_ROWS = 20;
/** BERT (2018) searched 2e-5 to 5e-5, ELECTRA (2020) up to 3e-4 for its smallest model, Mosbach et al. (2021) down to 1e-5. */
const PUBLISHED_LEARNING_RATES = { lowest: 5e-6, highest: 5e-4 };

/** Tells what a run would take and what speaks against it, without starting it. */
@Injectable()
export class TrainingEstimates {
  constructor(
    private readonly runs: RunsRepository,
    private readonly datasets: DatasetsService,
    private readonly probes: TrainingProbes,
    private readonly checks: JobChecks,
    private readonly folder: DataFolder,
    private readonly settings: Settings,
  ) {}

  /** @throws DamagedError where rows are not what was stored */
  async of(planned: PlannedRun): Promise<TrainingEstimate> {
    const { training, validation, baseModel, hyperparameters, memory } = planned;
    const judged = judgedRows(planned);
    const validationRows = judged.acceptable + judged.unacceptable;
    const trainingRows = validation ? training.rows : training.rows - validationRows;
    const extent = trainingExtent(hyperparameters, trainingRows);
    const work = { ...extent, trainingRows, validationRows };
    const config = encoderConfigOf(baseModel);
    const known = await this.fromEarlierRun(planned, work);
    const time = known ?? (config && (await this.fromProbe(planned, work, config)));
    const overlap = validation && (await this.datasets.overlap(validation, training));
    const { bavail, bsize } = await statfs(this.folder.path);
    const weights = config ? parameterBytes(config) : 0;
    return {
      ...work,
      baseModel,
      seconds: time?.seconds ?? null,
      basis: time?.basis ?? null,
      memory,
      disk: {
        neededBytes: Math.ceil(weights * (MODEL_BYTES + (baseModel.stored ? 0 : 1))),
        availableBytes: bavail * bsize,
      },
      overlap,
      warnings: warningsOf(planned, overlap),
    };
  }

  /** By the last run of this base model that succeeded with a batch of this size, or else with any. */
  private async fromEarlierRun(planned: PlannedRun, work: Work): Promise<Time | null> {
    const engine = this.checks.engine().name;
    const { batchSize } = planned.hyperparameters;
    const runs = await this.runs.succeeded(planned.baseModel.name, engine);
    const run = runs.find(({ hyperparameters }) => hyperparameters.batchSize === batchSize) ?? runs[0];
    if (!run?.plan || run.epochs.length === 0) return null;
    const { hyperparameters, epochs, evaluations, plan } = run;
    const { statistics } = await this.datasets.get(run.datasetId);
    const earlier = {
      examples: epochs.length * plan.trainingRows * passesOf(hyperparameters),
      judged: evaluations.length * plan.validationRows,
      tokens: tokensIn(statistics.words.mean, hyperparameters),
    };
    const training = epochs.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0);
    const secondsPerToken = training / (earlier.examples * earlier.tokens);
    const judging = JUDGING * secondsPerToken * earlier.judged * earlier.tokens;
    // What it waited for a download it will not wait for again.
    const begun = (await this.runs.phaseBegan(run.id, 'preparing')) ?? run.startedAt;
    const rest = Math.max(0, (Number(run.finishedAt) - Number(begun)) / 1000 - training - judging);
    return { seconds: secondsOf(planned, work, secondsPerToken) + rest, basis: 'earlier-run' };
  }

  private async fromProbe(planned: PlannedRun, work: Work, config: EncoderConfig): Promise<Time | null> {
    const { hyperparameters, training } = planned;
    const { validationFraction: _fraction, ...asked } = hyperparameters;
    const lengths = Array.from({ length: PROBED_BATCHES }, (_, i) => {
      const words = wordsAt(training.statistics.words, (i + 0.5) / PROBED_BATCHES);
      return new Array<number>(Math.min(asked.batchSize, work.trainingRows)).fill(
        Math.round(tokensIn(words, hyperparameters)),
      );
    }).flat();
    const probed = await this.probes.measure({
      config,
      engine: this.settings.engine,
      lengths,
      hyperparameters: {
        ...asked,
        maxLength: Math.max(...lengths),
        gradientAccumulationSteps: 1,
        reinitializedLayers: 0,
        weightAveraging: 0,
        evaluationSteps: null,
        earlyStoppingPatience: null,
        classWeights: null,
      },
      memoryLimit: trainingLimit(this.settings),
    });
    if (!probed) return null;
    const { secondsPerToken, startSeconds } = probed;
    // At the end both graphs judge the validation rows and are timed against each other.
    const assessing =
      2 *
      JUDGING *
      secondsPerToken *
      work.validationRows *
      tokensIn(training.statistics.words.mean, hyperparameters);
    const rest = startSeconds + assessing;
    return {
      seconds: secondsOf(planned, work, secondsPerToken / passesOf(hyperparameters)) + rest,
      basis: 'measurement',
    };
  }
}

interface Work {
  trainingRows: number;
  validationRows: number;
  totalExamples: number;
  evaluations: number;
}

interface Time {
  seconds: number;
  basis: EstimateBasis;
}

/** How many rows of each label the run is validated on. */
function judgedRows({
  training,
  validation,
  hyperparameters,
}: PlannedRun): Pick<RowsFacts, 'acceptable' | 'unacceptable'> {
  if (validation) return validation;
  const fraction = hyperparameters.validationFraction ?? 0;
  return {
    acceptable: heldOutOf(training.acceptable, fraction),
    unacceptable: heldOutOf(training.unacceptable, fraction),
  };
}

/** Of training and evaluation. */
function secondsOf(
  { training, validation, hyperparameters }: PlannedRun,
  work: Work,
  secondsPerToken: number,
): number {
  const tokens = (rows: RowsFacts) => tokensIn(rows.statistics.words.mean, hyperparameters);
  const trained = work.totalExamples * passesOf(hyperparameters) * tokens(training);
  const judged = work.evaluations * work.validationRows * tokens(validation ?? training);
  return secondsPerToken * (trained + JUDGING * judged);
}

function tokensIn(words: number, { maxLength }: RunHyperparameters): number {
  return Math.min(
    maxLength === 'auto' ? LONGEST_AUTO_LENGTH : maxLength,
    SPECIAL_PIECES + PIECES_PER_WORD * words,
  );
}

function passesOf({ rDrop }: RunHyperparameters): number {
  return rDrop > 0 ? 2 : 1;
}

/** The length of the row that this share of the rows is shorter than. */
function wordsAt({ bins, median }: LengthStatistics, share: number): number {
  if (!bins) return median;
  let left = share * bins.reduce((sum, { rows }) => sum + rows, 0);
  const bin = bins.find(({ rows }) => (left -= rows) < 0) ?? bins.at(-1)!;
  return (bin.from + bin.to) / 2;
}

function warningsOf(planned: PlannedRun, overlap: Overlap | null): string[] {
  const { training, validation, hyperparameters } = planned;
  const warnings: string[] = [];
  const [rare, rows] =
    training.acceptable < training.unacceptable
      ? ['acceptable (label 1)', training.acceptable]
      : ['unacceptable (label 0)', training.unacceptable];
  if (rows < FEW_ROWS) {
    warnings.push(
      `Only ${rows} training rows are ${rare}. A model needs ${FEW_ROWS} or more to learn anything of them: add such rows.`,
    );
  }
  const { learningRate } = hyperparameters;
  const { lowest, highest } = PUBLISHED_LEARNING_RATES;
  if (learningRate < lowest || learningRate > highest) {
    const advice = learningRate < lowest ? 'The model may learn nothing' : 'The training may diverge';
    warnings.push(
      `learningRate ${learningRate} is outside what published recipes use (${lowest} to ${highest}). ${advice}: take 2e-5 to 1e-4.`,
    );
  }
  if (overlap && overlap.rows > 0) {
    const { rows, otherwiseLabelled, first } = overlap;
    const contradicted =
      otherwiseLabelled > 0 ? ` ${otherwiseLabelled} of them have the other label there.` : '';
    const places = `${rows > first.length ? 'the first are rows' : 'rows'} ${first.join(', ')}`;
    warnings.push(
      `${rows} of the ${validation!.rows} validation rows are in the training set too (${places}).${contradicted} ` +
        'The figures will look better than the model is: delete these rows from one of the two sets.',
    );
  }
  return [...warnings, ...validationWarnings(judgedRows(planned))];
}
