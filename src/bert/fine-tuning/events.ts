import type { Evaluation } from '../evaluation/evaluation.js';
import type { NamedTensor } from '../weights/named-tensor.js';

/** What a fine-tuning tells as it goes. */
export type FineTuningEvent = StepEvent | EpochEvent;

export interface StepEvent {
  type: 'step';
  /** Steps done so far, from 1. */
  step: number;
  totalSteps: number;
  /** Epoch this step belongs to, from 1. */
  epoch: number;
  /** Mean cross-entropy of this batch, dropout on. */
  loss: number;
  learningRate: number;
  /** Global L2 norm of the gradients before clipping. */
  gradientNorm: number;
  /** Examples in this batch. */
  examples: number;
}

export interface EpochEvent {
  type: 'epoch';
  epoch: number;
  /** Mean of the training losses of the epoch's examples. */
  trainingLoss: number;
  validation: Evaluation;
  /** Whether every earlier epoch had a lower MCC: then this one's weights are to be kept. */
  best: boolean;
  /** Seconds of training steps in this epoch, evaluation not counted. */
  trainingSeconds: number;
  /** The whole model as it is now, one tensor at a time, under Hugging Face names. Valid until the next event is asked for. */
  weights(): Iterable<NamedTensor>;
}
