import type { Evaluation } from '../bert/evaluation/evaluation.js';
import type { Precision } from '../bert/onnx/precisions.js';

export const evaluationStatuses = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
] as const;
export type EvaluationStatus = (typeof evaluationStatuses)[number];

/** The statuses that can still change. */
export const openEvaluationStatuses = ['queued', 'running'] as const satisfies EvaluationStatus[];

export interface EvaluationResult extends Evaluation {
  /** 95 % bootstrap interval of the MCC. */
  mccInterval: { lower: number; upper: number };
  /** Number of sentences of which only the first tokens were judged. */
  truncated: number;
  seconds: number;
}

/** Why an evaluation failed. */
export interface EvaluationError {
  title: string;
  detail: string;
}

/** The evaluation of a model on a whole data set. */
export interface StoredEvaluation {
  id: string;
  modelId: string;
  /** null once the data set is deleted. */
  datasetId: string | null;
  datasetName: string;
  contentHash: string;
  /** The precision that the model computes in. */
  precision: Precision;
  status: EvaluationStatus;
  result: EvaluationResult | null;
  error: EvaluationError | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** An evaluation with its current progress. */
export interface EvaluationRecord extends StoredEvaluation {
  /** Share of the rows judged. */
  progress: number;
}
