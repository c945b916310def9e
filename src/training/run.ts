import type { EngineName } from '../bert/engines/engine.js';
import type { Evaluation } from '../bert/evaluation/evaluation.js';
import type { AskedHyperparameters } from '../bert/fine-tuning/hyperparameters.js';

export const runStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;
export type RunStatus = (typeof runStatuses)[number];

/** What a running run is busy with, in this order. */
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

/** What came of a training, beside the weights. */
export interface RunResults {
  /** Those that have ended. */
  epochs: RunEpoch[];
  /** In order. */
  evaluations: RunEvaluation[];
  /** Why it ended before its last step, for people to read; null if it did not. */
  stoppedEarly: string | null;
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

/** Why a run failed, as its problem would have read over HTTP. */
export interface RunError {
  title: string;
  detail: string;
}

const successors: Record<RunStatus, readonly RunStatus[]> = {
  queued: ['running', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled', 'interrupted'],
  succeeded: [],
  failed: [],
  cancelled: [],
  interrupted: [],
};

/** @throws Error if a run may not go from one status to the other. */
export function assertTransition(from: RunStatus, to: RunStatus): void {
  if (!successors[from].includes(to)) {
    throw new Error(`This is a bug: a run cannot go from ${from} to ${to}.`);
  }
}

/** Statuses from which a run may come to the given one. */
export function predecessors(to: RunStatus): RunStatus[] {
  return runStatuses.filter((from) => successors[from].includes(to));
}

export function hasEnded(status: RunStatus): boolean {
  return successors[status].length === 0;
}

/** The evaluation whose weights are kept: the first with the highest MCC. */
export function bestEvaluation(evaluations: readonly RunEvaluation[]): RunEvaluation | undefined {
  return evaluations.findLast((evaluation) => evaluation.best);
}
