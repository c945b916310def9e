import type { EngineName } from '../bert/engines/engine.js';
import type { Evaluation } from '../bert/evaluation/evaluation.js';
import type { AskedHyperparameters, Hyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import { newId } from '../common/identifiers.js';
import type { PromotionRule } from '../models/model-version.js';
import type { RunError } from './run-error.js';

/** The statuses of a run, and those that it may go to from each. */
const successors = {
  queued: ['preparing', 'paused', 'cancelled'],
  preparing: ['running', 'queued', 'paused', 'interrupted', 'failed', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled', 'paused', 'interrupted'],
  paused: ['queued', 'cancelled'],
  interrupted: ['queued', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<string, readonly string[]>;

export type RunStatus = keyof typeof successors;
export const runStatuses = Object.keys(successors) as RunStatus[];

/** What a run at work is busy with, in this order. */
export const runPhases = ['downloading', 'preparing', 'training', 'exporting'] as const;
export type RunPhase = (typeof runPhases)[number];

/** What a run was asked to do. `maxLength` is settled by the worker, which alone knows the length in tokens. */
export interface RunHyperparameters extends AskedHyperparameters {
  /** Share of the training rows held out for validation; null where a validation set was given. */
  validationFraction: number | null;
}

/** One evaluation: at an epoch's end, between, or of the averaged weights. */
export interface RunEvaluation {
  /** Steps done so far. */
  step: number;
  /** Epochs done so far, as a fraction between the ends of epochs. */
  epoch: number;
  /** Whether the average of the last epochs' weights was evaluated. */
  averaged: boolean;
  validation: Evaluation;
  /** Whether its weights were the best so far by MCC: the last one that says so is the one kept. */
  best: boolean;
}

/** How an epoch ended. */
export interface RunEpoch {
  epoch: number;
  trainingLoss: number;
  /** The evaluation at its end. */
  validation: Evaluation;
  /** Whether its weights were the best so far by MCC. */
  best: boolean;
  trainingSeconds: number;
}

/** What trains. */
export interface RunEngine {
  name: EngineName;
  /** With package and version. */
  description: string;
  /** Why this one. */
  reason: string;
}

/** What the worker settled once it had seen the data. */
export interface RunPlan {
  /** In tokens, [CLS] and [SEP] counted. */
  maxLength: number;
  trainingRows: number;
  validationRows: number;
  /** How many of them are labelled acceptable; absent in runs from before this was counted. */
  validationAcceptable?: number;
  /** Of the rows validated on, in order: promotion compares only models that share it. */
  validationContentHash: string;
  /** Of the training process at its peak, in bytes, as estimated before the start. */
  estimatedBytes: number;
}

export interface RunDownload {
  /** Where it comes from: hub, maven or pip. */
  source: string;
  file: string;
  bytes: number;
  /** Null where the source does not say. */
  totalBytes: number | null;
}

/** The latest state of a training that was stored, from which the run can be resumed. */
export interface RunCheckpoint {
  /** The attempt that stored it. */
  attempt: number;
  /** Steps done. */
  step: number;
  /** The epoch that comes next, or is under way, from 1. */
  epoch: number;
  bytes: number;
}

/** How the present attempt of a run began. */
export interface RunResumption {
  attempt: number;
  /** Of the checkpoint; 0 where the run began anew. */
  step: number;
  /** The epoch that came next. */
  epoch: number;
  /** Whether it ends with the same bits as a run that was never interrupted. */
  isExact: boolean;
  /** Why it is not exact, or why it began anew; null where there is nothing to say. */
  note: string | null;
}

/** How far a run is and how fast it goes. */
export interface Progress {
  /** Share of the training steps done, 0 to 1; it stays short of 1 until the model is registered. */
  progress: number;
  /** Examples a second of the last steps, evaluation not counted; null before the second step. */
  examplesPerSecond: number | null;
  /** Until the model is registered; null before the second step, unless an earlier run tells what to expect. */
  secondsLeft: number | null;
}

/** What somebody wants of a run. */
export interface RunOrder {
  datasetId: string;
  /** Null: rows of the training set are held out. */
  validationDatasetId: string | null;
  /** What its model is to be called. */
  name: string | null;
  baseModel: string;
  hyperparameters: RunHyperparameters;
  /** When the new version becomes `production`. */
  promote: PromotionRule;
  /** Of those that wait, the run with the highest comes first. */
  priority: number;
  /** Steps from one checkpoint to the next; null: they come by the clock. */
  checkpointSteps: number | null;
  /** How many crashes the run is restarted after. */
  maxRestarts: number;
  /** After the end of this epoch the run pauses by itself; null: it does not. */
  pauseAfterEpoch: number | null;
}

/** The settings of an order that nobody has to think about. */
export const orderDefaults = {
  priority: 0,
  checkpointSteps: null,
  maxRestarts: 3,
  pauseAfterEpoch: null,
} as const satisfies Partial<RunOrder>;

/** A run as lists have it: without what may be as many as a thousand evaluations. */
export interface RunSummary extends RunOrder, Progress {
  id: string;
  status: RunStatus;
  /** Why it has this status, for people to read; null where the status says all. */
  statusReason: string | null;
  /** How often the run was taken up. What a worker writes counts only while its attempt is the latest. */
  attempt: number;
  /** How many attempts ended in a crash. */
  restarts: number;
  checkpoint: RunCheckpoint | null;
  /** Null in the first attempt. */
  resumption: RunResumption | null;
  /** The run that this one continues; null for a run of its own. */
  continues: string | null;
  /** How long it was likely to take when it was stored; null where that could not be told. */
  estimatedSeconds: number | null;
  /** The model whose weights it begins with; null: those of the base model. */
  initialModelId: string | null;
  /** Null before it runs; afterwards, what it was busy with last. */
  phase: RunPhase | null;
  engine: EngineName | null;
  plan: RunPlan | null;
  /** Of the last step that was stored; 0 before the first. */
  step: number;
  totalSteps: number | null;
  epoch: number;
  loss: number | null;
  learningRate: number | null;
  /** `secondsLeft` after it was told; null where that is null. */
  estimatedFinish: Date | null;
  download: RunDownload | null;
  /** The highest of all evaluations so far. */
  mcc: number | null;
  /** Why it ended before its last step, for people to read; null if it did not. */
  stoppedEarly: string | null;
  error: RunError | null;
  /** The sweep that it belongs to, and which of its trials it is. */
  sweepId: string | null;
  trial: number | null;
  /** The version that the run registered. */
  modelId: string | null;
  /** The process that works on the run, and until when it does so unless it renews. */
  owner: string | null;
  leaseExpiresAt: Date | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** When the attempt that is under way was taken up; null while nobody works on the run. */
  takenAt: Date | null;
  /** Of the attempts that are over. */
  workedSeconds: number;
}

export interface Run extends RunSummary {
  /** Those that have ended. */
  epochs: RunEpoch[];
  /** In order. */
  evaluations: RunEvaluation[];
}

/** A run that waits for its turn. */
export function queuedRun(
  order: Omit<RunOrder, keyof typeof orderDefaults> & Partial<Pick<RunOrder, keyof typeof orderDefaults>>,
  sweep: { id: string; trial: number } | null = null,
): Run {
  return {
    ...orderDefaults,
    ...order,
    id: newId('run'),
    status: 'queued',
    statusReason: null,
    attempt: 0,
    restarts: 0,
    checkpoint: null,
    resumption: null,
    continues: null,
    estimatedSeconds: null,
    initialModelId: null,
    phase: null,
    engine: null,
    plan: null,
    step: 0,
    totalSteps: null,
    epoch: 0,
    loss: null,
    learningRate: null,
    examplesPerSecond: null,
    progress: 0,
    secondsLeft: null,
    estimatedFinish: null,
    download: null,
    mcc: null,
    epochs: [],
    evaluations: [],
    stoppedEarly: null,
    error: null,
    sweepId: sweep?.id ?? null,
    trial: sweep?.trial ?? null,
    modelId: null,
    owner: null,
    leaseExpiresAt: null,
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
    takenAt: null,
    workedSeconds: 0,
  };
}

/** What the training is really done with, `auto` settled. */
export function settledHyperparameters(
  { validationFraction: _fraction, ...asked }: RunHyperparameters,
  { maxLength }: Pick<RunPlan, 'maxLength'>,
): Hyperparameters {
  return { ...asked, maxLength };
}

/** @throws Error if a run may not go from one status to the other. */
export function assertTransition(from: RunStatus, to: RunStatus): void {
  if (!successorsOf(from).includes(to)) {
    throw new Error(`This is a bug: a run cannot go from ${from} to ${to}.`);
  }
}

/** Statuses from which a run may come to the given one. */
export function predecessors(to: RunStatus): RunStatus[] {
  return runStatuses.filter((from) => successorsOf(from).includes(to));
}

export function hasEnded(status: RunStatus): boolean {
  return successorsOf(status).length === 0;
}

export const statusesAtWork = ['preparing', 'running'] as const satisfies RunStatus[];

/** Whether a process works on the run. */
export function isAtWork(status: RunStatus): boolean {
  return statusesAtWork.some((one) => one === status);
}

function successorsOf(status: RunStatus): readonly RunStatus[] {
  return successors[status];
}

/** How long a run was worked on so far: the time between attempts does not count. */
export function secondsAtWork(
  { takenAt, workedSeconds }: Pick<Run, 'takenAt' | 'workedSeconds'>,
  now: Date,
): number {
  return workedSeconds + (takenAt ? Math.max(0, Number(now) - Number(takenAt)) / 1000 : 0);
}

/** The evaluation whose weights are kept: the first with the highest MCC. */
export function bestEvaluation(evaluations: readonly RunEvaluation[]): RunEvaluation | undefined {
  return evaluations.findLast((evaluation) => evaluation.best);
}
