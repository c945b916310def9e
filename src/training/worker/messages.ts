import type { ResourceLimits } from 'node:worker_threads';
import type { BaseModelOptions } from '../../base-models/options.js';
import type { EncoderConfig } from '../../bert/config.js';
import type { EnginePreference } from '../../bert/engines/detect.js';
import type { EngineMemory } from '../../bert/engines/engine.js';
import type { Judgements } from '../../bert/evaluation/evaluation.js';
import type { Hyperparameters } from '../../bert/fine-tuning/hyperparameters.js';
import type { ServingAssessment } from '../../bert/serving/assessment.js';
import type { ModelOrigin } from '../../models/model-card.js';
import type { TrainingRows } from '../../models/model-version.js';
import type { ManifestFile } from '../../storage/blob-store.js';
import type { RunError, RunHyperparameters } from '../run.js';
import type { RunSeconds } from '../run-cost.js';
import type { RunUpdate } from '../run-event.js';

/*
 * What the service, the training process and the thread in it tell each other: plain data that can be cloned. Weights, rows and
 * files never cross: the thread reads and writes them itself.
 */

export interface TrainingJob {
  runId: string;
  /** Folder that the worker fills with the files of the model. */
  folder: string;
  modelName: string;
  baseModel: string;
  baseModelOptions: BaseModelOptions;
  engine: EnginePreference;
  training: JobRows;
  /** Null: a share of the training rows is held out. */
  validation: JobRows | null;
  hyperparameters: RunHyperparameters;
  /** That the finished model is assessed with, as it will be served. */
  inferenceThreads: number | 'auto';
  /** Most memory that its process may take, in bytes; null: what is left. */
  memoryLimit: number | null;
  /** What its parts will take; null where that could not be told. */
  expected: RunSeconds | null;
}

/** What a process that measures how long a training would take has to know. */
export interface ProbeJob {
  config: EncoderConfig;
  engine: EnginePreference;
  hyperparameters: Hyperparameters;
  /** In tokens, of rows that stand for those of the data. */
  lengths: number[];
  memoryLimit: number | null;
}

/** What a probe measured. */
export interface ProbedMessage {
  type: 'probed';
  /** Of training, evaluation not counted. */
  secondsPerToken: number;
  /** Until the engine was there. */
  startSeconds: number;
}

export interface JobRows extends TrainingRows {
  /** Of the file with the canonical rows. */
  path: string;
}

/** What the thread tells: all that happens to the run but its status, which is for the service to say. */
export type WorkerMessage =
  | Exclude<RunUpdate, { type: 'status' | 'step' | 'evaluation' }>
  | StepMessage
  | EvaluationMessage
  /** What the engine holds, now and then. */
  | ({ type: 'memory' } & EngineMemory)
  | LastWord;

export type StepMessage = Extract<RunUpdate, { type: 'step' }> & {
  /** Trained on in this step. */
  examples: number;
};

export type EvaluationMessage = Extract<RunUpdate, { type: 'evaluation' }> & {
  /** Of the validation rows in order, where the evaluation is the best so far. */
  judgements?: Judgements;
};

/** With which a thread has done what it was there for: its process is ended. */
export type LastWord =
  | FinishedMessage
  | ProbedMessage
  /** It has stopped because it was told to. */
  | { type: 'stopped' }
  | ({ type: 'failed' } & RunError);

/** What the process around it adds. */
export type ProcessMessage = WorkerMessage | ProcessUsage | Crash;

/** What the process takes, every second. */
export interface ProcessUsage {
  type: 'usage';
  residentBytes: number;
  /** Of all cores, since its start. */
  cpuSeconds: number;
}

/** The training did not fail by itself: its thread or process is dead. */
export type Crash = { type: 'crashed' } & RunError;

export interface FinishedMessage {
  type: 'finished';
  /** Every file in the folder. */
  files: ManifestFile[];
  serving: ServingAssessment;
  origin: ModelOrigin;
}

/** What the service tells the process. The thread hears the stop too. */
export type HostMessage = StartMessage | { type: 'stop' };

export interface StartMessage {
  type: 'start';
  job: TrainingJob | ProbeJob;
  /** The code of the thread. */
  entry: string;
  resourceLimits?: ResourceLimits;
}
