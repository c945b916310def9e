import type {
  RunDownload,
  RunEngine,
  RunEpoch,
  RunError,
  RunEvaluation,
  RunPhase,
  RunPlan,
  RunStatus,
} from './run.js';

/** What happens to a run, as it is stored and sent to those who follow it: type → data. */
export interface RunEventData {
  status: { status: RunStatus; modelId?: string; error?: RunError };
  phase: { phase: RunPhase };
  download: RunDownload;
  engine: RunEngine;
  plan: RunPlan & { totalSteps: number };
  step: StepData;
  evaluation: RunEvaluation;
  /** Follows the evaluation at its end. */
  epoch: RunEpoch;
  stoppedEarly: { reason: string };
}

export type RunEventType = keyof RunEventData;

export interface StepData {
  step: number;
  totalSteps: number;
  epoch: number;
  loss: number;
  learningRate: number;
  gradientNorm: number;
  examplesPerSecond: number | null;
  progress: number;
  secondsLeft: number | null;
}

export type NewRunEvent = {
  [Type in RunEventType]: { type: Type; data: RunEventData[Type] };
}[RunEventType];

export type RunEvent = NewRunEvent & {
  /** From 1 within the run. */
  sequence: number;
  createdAt: Date;
};
