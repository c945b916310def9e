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
import type { RunHyperparameters } from '../run.js';
import type { RunError } from '../run-error.js';
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
  /** Folder of a fine-tuned model to begin with; null: the training begins with the base model. */
  initialModelFolder: string | null;
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
  attempt: number;
  checkpoints: CheckpointPlan;
  /** What an earlier attempt left; null in the first. */
  earlier: EarlierAttempt | null;
  /** After the end of this epoch the training stops by itself, with a checkpoint; null: it does not. */
  pauseAfterEpoch: number | null;
}

/** Where and how often the state of a training is stored, beside the ends of epochs. */
export interface CheckpointPlan {
  /** Staged folder for the first one. The service sends another once it has taken a checkpoint over. */
  folder: string;
  /** Steps from one to the next; null: they come by the clock. */
  steps: number | null;
  /** Seconds from one to the next where they come by the clock. */
  seconds: number;
}

/** Where an attempt goes on. */
export interface EarlierAttempt {
  /** Folder of the checkpoint, which has been checked against its sums; null: there is none, and the run begins anew. */
  folder: string | null;
  /** What the checkpoint takes on the disk. */
  bytes: number;
  /** Why it begins anew, where there should have been a checkpoint. */
  note: string | null;
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
  | Exclude<RunUpdate, { type: 'status' | 'step' | 'evaluation' | 'checkpoint' | 'resumed' }>
  | StepMessage
  | EvaluationMessage
  | CheckpointMessage
  | ResumedMessage
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

/** A checkpoint lies in its staged folder, durably: the service is to take it over. */
export type CheckpointMessage = Extract<RunUpdate, { type: 'checkpoint' }> & {
  files: ManifestFile[];
  /** For how many milliseconds the training stood still, and how long the checkpoint took to be on the disk. */
  pausedMilliseconds: number;
  milliseconds: number;
};

export type ResumedMessage = Extract<RunUpdate, { type: 'resumed' }> & {
  /** Of the best evaluation up to there; null where there is none. */
  judgements: Judgements | null;
};

/** With which a thread has done what it was there for: its process is ended. */
export type LastWord =
  | FinishedMessage
  | ProbedMessage
  /** It has stopped: because it was told to, or for the reason given, which a resume may find gone. */
  | { type: 'stopped'; reason?: string }
  /** @property isForNow whether it would fit into memory if other trainings gave theirs back */
  | ({ type: 'failed'; isForNow?: boolean } & RunError & Traced);

/** Of an error that nobody expected: where it came from. */
interface Traced {
  stack?: string | undefined;
}

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
export type Crash = { type: 'crashed' } & RunError & Traced;

export interface FinishedMessage {
  type: 'finished';
  /** Every file in the folder. */
  files: ManifestFile[];
  serving: ServingAssessment;
  origin: ModelOrigin;
  /** Why the training ended before its time; null: it did not. */
  failure: RunError | null;
}

/** What the service tells the process. */
export type HostMessage = StartMessage | ThreadMessage;

/** What the thread hears of it. */
export type ThreadMessage =
  | {
      type: 'stop';
      /** Whether the state of the training is to be stored first. */
      checkpoint: boolean;
    }
  /** The last checkpoint was taken over: the next goes here. */
  | { type: 'checkpointFolder'; path: string };

export interface StartMessage {
  type: 'start';
  job: TrainingJob | ProbeJob;
  /** The code of the thread. */
  entry: string;
  resourceLimits?: ResourceLimits;
}
