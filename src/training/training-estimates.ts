import { Injectable } from '@nestjs/common';
import { parseEncoderConfig, type EncoderConfig } from '../bert/config.js';
import { detectEngine } from '../bert/engines/detect.js';
import { passesOf, trainingExtent, type Extent } from '../bert/fine-tuning/extent.js';
import { validationWarnings } from '../bert/evaluation/warnings.js';
import { LONGEST_AUTO_LENGTH } from '../bert/fine-tuning/hyperparameters.js';
import { estimateProcessMemory, gigabytes, parameterBytes, stepSizeOf } from '../bert/fine-tuning/memory.js';
import { BaseModelsService, type BaseModelSummary } from '../base-models/base-models.service.js';
import { Settings } from '../config/settings.js';
import type { LengthStatistics } from '../datasets/dataset.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import type { Overlap } from '../datasets/statistics/overlap.js';
import { DataFolder } from '../storage/data-folder.js';
import { availableDisk, diskNeeded, type Space } from './disk-needed.js';
import { heldOutOf } from './holdout.js';
import { trainingLimit } from './memory/training-room.js';
import type { Run, RunHyperparameters, RunPhase } from './run.js';
import { scaled, secondsOf, totalOf, type RunSeconds, type RunWork } from './run-cost.js';
import { RunsRepository } from './runs.repository.js';
import type { PlannedRows, RowsFacts } from './training-request.js';
import { TrainingProbes } from './training-probes.js';
import type { ProbeJob } from './worker/messages.js';

/** A run that was asked for and found good, before anything of it is stored. */
export interface PlannedRun {
  training: PlannedRows;
  /** Null where rows are held out. */
  validation: PlannedRows | null;
  baseModel: BaseModelSummary;
  hyperparameters: RunHyperparameters;
}

/** What a run would take. */
export interface TrainingEstimate extends Extent {
  baseModel: BaseModelSummary;
  trainingRows: number;
  validationRows: number;
  /** From the start to the registered model, a download not counted; null where it could not be told. */
  seconds: number | null;
  basis: EstimateBasis | null;
  memory: Space | null;
  disk: Space;
  /** Of the validation set with the training set; null where rows are held out. */
  overlap: Overlap | null;
  warnings: string[];
}

export const estimateBases = ['earlier-run', 'measurement'] as const;
export type EstimateBasis = (typeof estimateBases)[number];

/** Pieces that a word is cut into, and [CLS] and [SEP]: CoLA's 7.7 words are 11.3 pieces. */
const PIECES_PER_WORD = 1.2;
const SPECIAL_PIECES = 2;
/** Batches that a probe trains on: short, middling and long rows. */
const PROBED_BATCHES = 3;
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
    private readonly baseModels: BaseModelsService,
    private readonly folder: DataFolder,
    private readonly settings: Settings,
  ) {}

  /** @throws DamagedError where rows are not what was stored */
  async of(planned: PlannedRun & { memory: Space | null }): Promise<TrainingEstimate> {
    const { training, validation, baseModel, hyperparameters } = planned;
    const memory = this.likelyMemory(planned);
    const time = await this.secondsOf(planned);
    const overlap = validation && (await this.datasets.overlap(validation, training));
    const config = encoderConfigOf(baseModel);
    const disk = {
      neededBytes: config ? diskNeeded(config, hyperparameters, baseModel) : 0,
      availableBytes: await availableDisk(this.folder.path),
    };
    const { trainingRows, validationRows } = rowsOf(planned);
    return {
      ...trainingExtent(hyperparameters, trainingRows),
      trainingRows,
      validationRows,
      baseModel,
      seconds: time && totalOf(time.seconds),
      basis: time?.basis ?? null,
      memory,
      disk,
      overlap,
      warnings: [...warningsOf(planned, overlap), ...spaceWarnings(memory, disk)],
    };
  }

  /** With the length that the longest row is likely to have: what refuses a run counts a token for a word. */
  private likelyMemory({
    training,
    baseModel,
    hyperparameters,
    memory,
  }: PlannedRun & { memory: Space | null }): Space | null {
    const config = encoderConfigOf(baseModel);
    if (!config || !memory) return null;
    const { rows, statistics } = training;
    const length = Math.ceil(tokensIn(statistics.words.max, hyperparameters));
    const step = stepSizeOf(hyperparameters, rows, { length, vocabulary: 1 });
    const engine = detectEngine(this.settings.engine).name;
    return { ...memory, neededBytes: Math.ceil(estimateProcessMemory(config, step, { engine, rows })) };
  }

  /**
   * What the parts of a run would take here; null where that cannot be told now.
   * @param mayProbe whether to measure what is not known
   */
  async secondsOf(planned: PlannedRun, mayProbe = true): Promise<Time | null> {
    const config = encoderConfigOf(planned.baseModel);
    const work = workOf(planned, config);
    const seconds = await this.fromEarlierRun(planned, work);
    if (seconds) return { seconds, basis: 'earlier-run' };
    const measured = config && (await this.fromProbe(planned, work, config, mayProbe));
    return measured && { seconds: measured, basis: 'measurement' };
  }

  /** In seconds, by what is known without a measurement; null where nothing is. */
  async knownSeconds(planned: PlannedRun): Promise<number | null> {
    const time = await this.secondsOf(planned, false);
    return time && totalOf(time.seconds);
  }

  /** The parts of a run that is about to begin. Only what was measured before counts. */
  async secondsOfRun(run: Run): Promise<RunSeconds | null> {
    const planned = {
      baseModel: await this.baseModels.check(run.baseModel),
      hyperparameters: run.hyperparameters,
      training: await this.datasets.open(run.datasetId),
      validation: run.validationDatasetId ? await this.datasets.open(run.validationDatasetId) : null,
    };
    return (await this.secondsOf(planned, false))?.seconds ?? null;
  }

  /** By the last run of this base model that succeeded with a batch of this size, or else with any. */
  private async fromEarlierRun(planned: PlannedRun, work: RunWork): Promise<RunSeconds | null> {
    const engine = detectEngine(this.settings.engine).name;
    const { batchSize } = planned.hyperparameters;
    const runs = await this.runs.succeeded(planned.baseModel.name, engine);
    const run = runs.find(({ hyperparameters }) => hyperparameters.batchSize === batchSize) ?? runs[0];
    if (!run?.plan || run.epochs.length === 0) return null;
    const { hyperparameters, epochs, evaluations, plan } = run;
    const training = await this.datasets.get(run.datasetId);
    const validation = run.validationDatasetId ? await this.datasets.get(run.validationDatasetId) : training;
    const earlier: RunWork = {
      trainedTokens:
        epochs.length * passesOf(hyperparameters) * plan.trainingRows * tokensOf(training, hyperparameters),
      judgedTokens: plan.validationRows * tokensOf(validation, hyperparameters),
      evaluations: evaluations.length,
      weightBytes: work.weightBytes,
    };
    const trained = epochs.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0);
    const modelled = secondsOf(earlier, trained / earlier.trainedTokens, 0);
    const phases = await this.runs.phases(run.id);
    const began = (wanted: RunPhase) => secondOf(phases.findLast(({ phase }) => phase === wanted)?.at);
    // A run that was taken up again, or that stopped within an epoch, has spent time that no other run will spend.
    const isWhole = phases.filter(({ phase }) => phase === 'training').length === 1 && !run.stoppedEarly;
    const measured: RunSeconds = {
      preparing: Math.max(0, began('training') - began('preparing')),
      training: trained,
      evaluating: isWhole
        ? Math.max(0, began('exporting') - began('training') - trained)
        : modelled.evaluating,
      closing: Math.max(0, secondOf(run.finishedAt) - began('exporting')),
    };
    if (!Number.isFinite(totalOf(measured))) return null;
    return scaled(measured, earlier, work);
  }

  private async fromProbe(
    planned: PlannedRun,
    work: RunWork,
    config: EncoderConfig,
    mayProbe: boolean,
  ): Promise<RunSeconds | null> {
    const { hyperparameters, training } = planned;
    const { validationFraction: _fraction, ...asked } = hyperparameters;
    const { trainingRows } = rowsOf(planned);
    const lengths = Array.from({ length: PROBED_BATCHES }, (_, i) => {
      const words = wordsAt(training.statistics.words, (i + 0.5) / PROBED_BATCHES);
      return new Array<number>(Math.min(asked.batchSize, trainingRows)).fill(
        Math.round(tokensIn(words, hyperparameters)),
      );
    }).flat();
    const job: ProbeJob = {
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
    };
    const probed = mayProbe ? await this.probes.measure(job) : this.probes.known(job);
    if (!probed) return null;
    return secondsOf(work, probed.secondsPerToken / passesOf(hyperparameters), probed.startSeconds);
  }
}

/** NaN where there is no such moment. */
function secondOf(moment: Date | null | undefined): number {
  return moment ? Number(moment) / 1000 : NaN;
}

interface Time {
  seconds: RunSeconds;
  basis: EstimateBasis;
}

/** How many rows the run trains on, and how many it is validated on. */
function rowsOf(planned: PlannedRun): { trainingRows: number; validationRows: number } {
  const { acceptable, unacceptable } = judgedRows(planned);
  const validationRows = acceptable + unacceptable;
  const { training, validation } = planned;
  return { trainingRows: validation ? training.rows : training.rows - validationRows, validationRows };
}

/** @param config null where the size of the base model is not known */
function workOf(planned: PlannedRun, config: EncoderConfig | null): RunWork {
  const { training, validation, hyperparameters } = planned;
  const { trainingRows, validationRows } = rowsOf(planned);
  const { totalExamples, evaluations } = trainingExtent(hyperparameters, trainingRows);
  return {
    trainedTokens: totalExamples * passesOf(hyperparameters) * tokensOf(training, hyperparameters),
    judgedTokens: validationRows * tokensOf(validation ?? training, hyperparameters),
    evaluations,
    weightBytes: config ? parameterBytes(config) : 0,
  };
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

/** Of a row, in the mean. */
function tokensOf(
  { statistics }: Pick<RowsFacts, 'statistics'>,
  hyperparameters: RunHyperparameters,
): number {
  return tokensIn(statistics.words.mean, hyperparameters);
}

function tokensIn(words: number, { maxLength }: RunHyperparameters): number {
  return Math.min(
    maxLength === 'auto' ? LONGEST_AUTO_LENGTH : maxLength,
    SPECIAL_PIECES + PIECES_PER_WORD * words,
  );
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

function spaceWarnings(memory: Space | null, disk: Space): string[] {
  const lack = (what: string, { neededBytes, availableBytes }: Space, advice: string) =>
    neededBytes <= availableBytes
      ? []
      : [
          `The run needs about ${gigabytes(neededBytes)} of ${what}, and ${gigabytes(availableBytes)} are free. ${advice}`,
        ];
  return [
    ...(memory
      ? lack('memory', memory, 'Take a smaller batchSize or maxLength, or a smaller base model.')
      : []),
    ...lack(
      'disk',
      disk,
      'Delete models, base models or data sets that are not needed, or take a smaller base model.',
    ),
  ];
}

/** Null for a model outside of the catalogue that is not downloaded yet. */
export function encoderConfigOf({ architecture }: BaseModelSummary): EncoderConfig | null {
  return architecture && { ...parseEncoderConfig({ model_type: architecture.modelType }), ...architecture };
}
