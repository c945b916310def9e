import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBaseModel, type StoredBaseModel } from '../../base-models/base-model-store.js';
import { findInCatalogue } from '../../base-models/catalogue.js';
import { maxSequenceLength, type EncoderConfig } from '../../bert/config.js';
import { detectEngine } from '../../bert/engines/detect.js';
import type { EngineName } from '../../bert/engines/engine.js';
import { startEngine } from '../../bert/engines/start.js';
import { InvalidModelError } from '../../bert/errors.js';
import type { Example } from '../../bert/fine-tuning/example.js';
import { evaluationsUntil, tokensOfSteps, trainingExtent } from '../../bert/fine-tuning/extent.js';
import { fineTune } from '../../bert/fine-tuning/fine-tune.js';
import { TrainingDivergedError } from '../../bert/fine-tuning/trainer.js';
import {
  contradictions,
  LONGEST_AUTO_LENGTH,
  type Hyperparameters,
} from '../../bert/fine-tuning/hyperparameters.js';
import { assertFits, parameterBytes, stepSizeOf } from '../../bert/fine-tuning/memory.js';
import { withMccInterval } from '../../bert/evaluation/bootstrap.js';
import { judgementsOf } from '../../bert/evaluation/evaluation.js';
import { exportOnnx } from '../../bert/onnx/export.js';
import { exportInt8Onnx } from '../../bert/onnx/int8-export.js';
import {
  assessPrecisions,
  type AssessmentOptions,
  type ServingAssessment,
} from '../../bert/serving/assessment.js';
import { Tokenizer } from '../../bert/tokenizer/tokenizer.js';
import { writeConfig, writeTokenizer, writeWeights } from '../../bert/weights/classifier-folder.js';
import { openModelFolder } from '../../bert/weights/model-folder.js';
import { isSpaceError } from '../../common/disk-errors.js';
import { Throttle } from '../../common/throttle.js';
import type { ModelOrigin } from '../../models/model-card.js';
import type { ManifestFile } from '../../storage/blob-store.js';
import { sha256OfFile } from '../../storage/file-hash.js';
import { engineReason } from '../advice.js';
import { diskNeeded } from '../disk-needed.js';
import { describeFailure, stackOf } from '../failure.js';
import { roomForTraining } from '../memory/training-room.js';
import { settledHyperparameters, type RunPhase, type RunPlan } from '../run.js';
import type { RunError } from '../run-error.js';
import {
  assertDiskSpace,
  CheckpointKeeper,
  PauseError,
  resumeFrom,
  separateWeights,
  type FoundCheckpoint,
} from './checkpoints.js';
import { readExamples, type Examples } from './examples.js';
import type { EarlierAttempt, TrainingJob, WorkerMessage } from './messages.js';
import { ProgressMeter, type MeteredWork } from './progress-meter.js';

/** A job that cannot be done as it was asked for; the message says what to do. */
export class JobRefusedError extends Error {
  override readonly name = 'JobRefusedError';

  constructor(
    /** The hyperparameter to change. */
    readonly param: keyof Hyperparameters,
    message: string,
  ) {
    super(message);
  }
}

/** What was trained cannot be exported or loaded for serving. */
export class ModelNotServableError extends Error {
  override readonly name = 'ModelNotServableError';
}

/** How the service steers a job. */
export interface JobControl {
  /** Stops it at the end of the step: it then rejects. */
  readonly signal: AbortSignal;
  /** Whether the state of the training is to be stored before it stops. */
  wantsCheckpoint: boolean;
  /** Called with a staged folder for the next checkpoint, once the last was taken over; null where there is to be none. */
  onFolder?: (path: string | null) => void;
}

/**
 * Does what a run asks for, from the base model to the files of a model in `job.folder`, and tells how it goes.
 * @throws PauseError where it is to be resumed later
 */
export async function runJob(
  job: TrainingJob,
  tell: (message: WorkerMessage) => void,
  control: JobControl,
): Promise<void> {
  const { signal } = control;
  const enter = (phase: RunPhase) => tell({ type: 'phase', data: { phase } });
  enter('downloading');
  const base = await initialModel(job, tell, signal);
  signal.throwIfAborted();

  enter('preparing');
  const model = openModelFolder(base.folder);
  try {
    const choice = detectEngine(job.engine);
    const { examples, plan } = await prepare(
      job,
      base.folder,
      { config: model.config, engine: choice.name },
      signal,
    );
    const engine = await startEngine(choice);
    const { name, description } = engine;
    tell({ type: 'engine', data: { name, description, reason: engineReason(choice) } });
    const extent = trainingExtent(job.hyperparameters, examples.training.length);
    tell({ type: 'plan', data: { ...plan, totalSteps: extent.totalSteps } });
    const found = job.earlier && (await takeUp(job, job.earlier, description, tell));
    enter('training');
    const memory = new Throttle<void>(1000, () => tell({ type: 'memory', ...engine.memory() }));
    const { config, weights } = model;
    const labels = examples.validation.map(({ label }) => label);
    const hyperparameters = settledHyperparameters(job.hyperparameters, plan);
    const checkpoint = found?.checkpoint;
    const { step = 0 } = checkpoint?.progress ?? {};
    const work = meteredWork(job, config, examples);
    const meter = new ProgressMeter(work, job.expected, { step, evaluations: evaluationsUntil(step, work) });
    const tellProgress = () => tell({ type: 'progress', data: meter.now });
    tellProgress();
    const keeper = new CheckpointKeeper(job, description, tell, { step, best: found?.best ?? null });
    control.onFolder = (path) => keeper.goOnIn(path);
    const isStopping = () => signal.aborted && control.wantsCheckpoint;
    const isCheckpointDue = () => isStopping() || keeper.isDue;
    let best = checkpoint?.progress.best?.mcc ?? null;
    let failure: RunError | null = null;
    const task = { engine, config, weights, ...examples, hyperparameters, signal, isCheckpointDue };
    try {
      for await (const event of fineTune({ ...task, ...(checkpoint && { checkpoint }) })) {
        memory.offer();
        switch (event.type) {
          case 'step': {
            const { type, examples, ...step } = event;
            meter.stepped(event, performance.now());
            keeper.stepped(step.step);
            tell({ type, data: { ...step, ...meter.now }, examples });
            break;
          }
          case 'evaluation': {
            const { type, weights: evaluated, logits, ...evaluation } = event;
            const judgements = evaluation.best && judgementsOf(labels, logits);
            if (judgements) {
              writeWeights(job.folder, config, evaluated());
              keeper.found(judgements);
              best = evaluation.validation.mcc;
            }
            meter.evaluated(performance.now());
            tell({
              type,
              data: { ...evaluation, validation: withMccInterval(evaluation.validation) },
              ...(judgements && { judgements }),
            });
            tellProgress();
            break;
          }
          case 'epoch': {
            const { type, ...epoch } = event;
            tell({ type, data: epoch });
            break;
          }
          case 'stoppedEarly': {
            const { type, reason } = event;
            meter.stopped();
            tell({ type, data: { reason } });
            tellProgress();
            break;
          }
          case 'checkpoint': {
            const { epoch, stepsIntoEpoch } = event.progress;
            const isEnd = stepsIntoEpoch === 0;
            const isPause = isEnd && epoch - 1 === job.pauseAfterEpoch && epoch <= hyperparameters.epochs;
            if (isEnd && !isPause && !isStopping() && !keeper.isWorthwhile) break;
            await keeper.take(event);
            if (isPause || isStopping()) await keeper.settled();
            if (isPause) {
              throw new PauseError(`The run was asked to pause after epoch ${job.pauseAfterEpoch}.`);
            }
            if (isStopping()) signal.throwIfAborted();
            break;
          }
        }
        // Leaving the loop ends the fine-tuning, which frees what the engine holds for it. One that is to leave a checkpoint goes on
        // until it has.
        if (!isStopping()) signal.throwIfAborted();
      }
    } catch (error) {
      // A constant answer has an MCC of 0: a model that was better than that is worth keeping.
      if (!(error instanceof TrainingDivergedError && best !== null && best > 0)) throw error;
      failure = describeFailure(error);
    } finally {
      memory.close();
      checkpoint?.tensors.close();
    }
    await keeper.settled();
    signal.throwIfAborted();
    await separateWeights(job.folder);

    enter('exporting');
    meter.exporting(performance.now());
    const onAssessed = (share: number) => {
      meter.assessed(share, performance.now());
      tellProgress();
    };
    await writeConfig(base.folder, job.folder, {
      modelType: config.modelType,
      dropout: job.hyperparameters.dropout,
    });
    await writeTokenizer(base.folder, job.folder, model);
    const serving = await prepareServing(job, examples.validation, { signal, onProgress: onAssessed });
    signal.throwIfAborted();
    tell({ type: 'finished', files: await fileSums(job.folder), serving, origin: originOf(base), failure });
  } finally {
    model.weights.close();
  }
}

/** What the training begins with. */
async function initialModel(
  { baseModel, baseModelOptions, initialModelFolder }: TrainingJob,
  tell: (message: WorkerMessage) => void,
  signal: AbortSignal,
): Promise<StoredBaseModel> {
  if (initialModelFolder !== null) return { name: baseModel, folder: initialModelFolder, source: 'hub' };
  return ensureBaseModel(baseModel, baseModelOptions, {
    onProgress: (data) => tell({ type: 'download', data }),
    signal,
  });
}

/** Opens the checkpoint that an earlier attempt left, and tells where this one goes on. */
async function takeUp(
  job: TrainingJob,
  earlier: EarlierAttempt,
  engine: string,
  tell: (message: WorkerMessage) => void,
): Promise<FoundCheckpoint | null> {
  const { found, note } = await openEarlier(job, earlier, engine);
  const { step, epoch } = found?.checkpoint.progress ?? { step: 0, epoch: 1 };
  tell({
    type: 'resumed',
    data: {
      attempt: job.attempt,
      step,
      epoch,
      isExact: !found?.difference,
      note: found?.difference ?? note,
    },
    judgements: found?.best ?? null,
  });
  return found;
}

/** A checkpoint that cannot be read is as good as none: to train again is better than to fail. */
async function openEarlier(
  job: TrainingJob,
  { folder, note }: EarlierAttempt,
  engine: string,
): Promise<{ found: FoundCheckpoint | null; note: string | null }> {
  if (folder === null) return { found: null, note };
  try {
    return { found: await resumeFrom(folder, job.folder, engine), note };
  } catch (error) {
    if (error instanceof Error && isSpaceError(error)) throw error;
    // For the log of the run.
    process.stderr.write(`${stackOf(error) ?? String(error)}\n`);
    return { found: null, note: 'The checkpoint could not be read: the run begins anew.' };
  }
}

async function prepare(
  job: TrainingJob,
  baseFolder: string,
  { config, engine }: { config: EncoderConfig; engine: EngineName },
  signal: AbortSignal,
): Promise<{ examples: Examples; plan: RunPlan }> {
  const { maxLength, validationFraction, seed } = job.hyperparameters;
  const [wrong] = contradictions(job.hyperparameters, config.numHiddenLayers);
  if (wrong) throw new JobRefusedError(wrong.name, `${wrong.message}.`);
  const most = maxSequenceLength(config);
  if (maxLength !== 'auto' && maxLength > most) {
    throw new JobRefusedError(
      'maxLength',
      `maxLength is ${maxLength}, but ${job.baseModel} reads ${most} tokens at most. Take a smaller one, or auto.`,
    );
  }
  const limit = maxLength === 'auto' ? Math.min(LONGEST_AUTO_LENGTH, most) : maxLength;
  const tokenizer = Tokenizer.fromFolder(baseFolder);
  const options = { maxLength: limit, validationFraction: validationFraction ?? 0, seed };
  const examples = await readExamples(job.training, job.validation, tokenizer, options, signal);
  if (examples.highestId >= config.vocabSize) {
    throw new InvalidModelError(
      `The tokenizer of ${job.baseModel} gave the piece ${examples.highestId}, but the model knows ${config.vocabSize}. ` +
        'Take the tokenizer and the weights from one model.',
    );
  }
  const step = stepSizeOf(job.hyperparameters, examples.training.length, {
    length: examples.longest,
    vocabulary: examples.pieces,
  });
  const rows = examples.training.length + examples.validation.length;
  const room = roomForTraining(job.memoryLimit, process.memoryUsage.rss());
  const estimatedBytes = assertFits(config, step, { engine, rows }, room);
  const disk = diskNeeded(config, job.hyperparameters, { stored: true }, examples.pieces);
  await assertDiskSpace(job.folder, disk - (job.earlier?.bytes ?? 0), 'the run');
  return {
    examples,
    plan: {
      maxLength: maxLength === 'auto' ? examples.longest : maxLength,
      trainingRows: examples.training.length,
      validationRows: examples.validation.length,
      validationAcceptable: examples.validation.filter(({ label }) => label === 1).length,
      validationContentHash: examples.validationContentHash,
      estimatedBytes: Math.ceil(estimatedBytes),
    },
  };
}

function meteredWork(
  { hyperparameters }: TrainingJob,
  config: EncoderConfig,
  { training, validation }: Examples,
): MeteredWork {
  const lengths = training.map(({ tokenIds }) => tokenIds.length);
  return {
    ...trainingExtent(hyperparameters, training.length),
    evaluationSteps: hyperparameters.evaluationSteps,
    tokensOfSteps: (epoch) => tokensOfSteps(lengths, hyperparameters, epoch),
    judgedTokens: validation.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
    weightBytes: parameterBytes(config),
  };
}

async function prepareServing(
  { folder, hyperparameters, inferenceThreads }: TrainingJob,
  validation: readonly Example[],
  watch: Pick<AssessmentOptions, 'signal' | 'onProgress'>,
): Promise<ServingAssessment> {
  try {
    await exportOnnx(folder);
    await exportInt8Onnx(folder);
    return await assessPrecisions(folder, validation, {
      threads: inferenceThreads,
      seed: hyperparameters.seed,
      ...watch,
    });
  } catch (error) {
    if (error instanceof InvalidModelError) throw new ModelNotServableError(error.message);
    throw error;
  }
}

/** Where a base model comes from. */
function originOf({ name, source }: StoredBaseModel): ModelOrigin {
  // What somebody put there by hand may be another model than the one of that name.
  if (source === 'folder') return { baseModelHubId: null, license: null };
  const entry = findInCatalogue(name);
  if (!entry) return { baseModelHubId: name, license: null };
  return { baseModelHubId: entry.sources[0].id, license: entry.licence.toLowerCase() };
}

/** Sizes and sums of all files in a folder, by name. */
async function fileSums(folder: string): Promise<ManifestFile[]> {
  const sums: ManifestFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    sums.push({ name, size: (await stat(path)).size, sha256: await sha256OfFile(path) });
  }
  return sums;
}
