import type { Evaluation } from '../evaluation/evaluation.js';
import type { CheckpointContent } from './checkpoint.js';
import type { NamedTensor } from '../weights/named-tensor.js';

/** What a fine-tuning tells as it goes. An epoch's event follows that of the evaluation at its end. */
export type FineTuningEvent = StepEvent | EvaluationEvent | EpochEvent | StoppedEarlyEvent | CheckpointEvent;

export interface StepEvent {
  type: 'step';
  /** Steps done so far, from 1. */
  step: number;
  totalSteps: number;
  /** Epoch this step belongs to, from 1. */
  epoch: number;
  /** What is minimised, of this step's examples, dropout on: mean cross-entropy, unless the options say otherwise. */
  loss: number;
  learningRate: number;
  /** Global L2 norm of the gradients before clipping. */
  gradientNorm: number;
  /** Examples of this step. */
  examples: number;
}

export interface EvaluationEvent {
  type: 'evaluation';
  /** Steps done so far. */
  step: number;
  /** Epochs done so far: 1.5 in the middle of the second one. */
  epoch: number;
  /** Whether it is not the weights after this step that were evaluated, but the average over the ends of epochs. */
  averaged: boolean;
  validation: Evaluation;
  /** Of the validation examples in order: [examples, 2]. */
  logits: Float32Array;
  /** Whether every earlier evaluation had a lower MCC: then these weights are to be kept. */
  best: boolean;
  /** The whole model as it was evaluated, one tensor at a time, under canonical names. Valid until the next event is asked for. */
  weights(): Iterable<NamedTensor>;
}

export interface EpochEvent {
  type: 'epoch';
  epoch: number;
  /** Mean of the training losses of the epoch's examples. */
  trainingLoss: number;
  /** The evaluation at its end. */
  validation: Evaluation;
  /** Whether every earlier evaluation had a lower MCC. */
  best: boolean;
  /** Seconds of training steps in this epoch, evaluations not counted. */
  trainingSeconds: number;
}

/** The training ends before its last step; the average of the last epochs may still be evaluated. */
export interface StoppedEarlyEvent {
  type: 'stoppedEarly';
  /** For people to read. */
  reason: string;
}

/** A point from which the fine-tuning can be resumed. Its tensors can be read until the next event is asked for. */
export interface CheckpointEvent extends CheckpointContent {
  type: 'checkpoint';
}
