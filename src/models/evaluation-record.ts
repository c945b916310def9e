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

/** Those that an evaluation may still leave. */
export const openEvaluationStatuses = ['queued', 'running'] as const satisfies EvaluationStatus[];

export interface EvaluationResult extends Evaluation {
  /** 95 % bootstrap interval of the MCC. */
  mccInterval: { lower: number; upper: number };
  /** Sentences judged on their first tokens only. */
  truncated: number;
  seconds: number;
}

/** Why an evaluation failed. */
export interface EvaluationError {
  title: string;
  detail: string;
}

/** A model's judgement of a whole dataset. */
export interface StoredEvaluation {
  id: string;
  modelId: string;
  /** Null once the dataset is deleted. */
  datasetId: string | null;
  datasetName: string;
  contentHash: string;
  /** What the model computed with. */
  precision: Precision;
  status: EvaluationStatus;
  result: EvaluationResult | null;
  error: EvaluationError | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** The same, as far as it has come. */
export interface EvaluationRecord extends StoredEvaluation {
  /** Share of the rows judged. */
  progress: number;
}
