import { calibratedScore } from '../bert/evaluation/calibration.js';
import { precisions, type Precision } from '../bert/onnx/precisions.js';
import type { Judgement } from '../bert/serving/served-model.js';
import { ConflictError } from '../common/errors.js';
import type { ResolvedModel } from '../models/models.service.js';
import type { WordEffect } from './explanations/explanations.js';

/** The precision that a request may choose. `auto`: the choice of the model's assessment. */
export const precisionChoices = ['auto', ...precisions] as const;
export type PrecisionChoice = (typeof precisionChoices)[number];

/**
 * `default`: the larger logit decides. `tuned`: the best threshold on the validation rows. If no other
 * threshold was better beyond its error, both are the same.
 */
export const thresholdNames = ['default', 'tuned'] as const;
export type ThresholdName = (typeof thresholdNames)[number];

/** The model of a request, and how to judge. */
export interface ModelChoice {
  /** An id or an alias; default: production. */
  model?: string;
  /** Default: from the settings. */
  precision?: PrecisionChoice;
  /** Default: the larger logit decides. */
  threshold?: ThresholdName;
}

/** How a model judges one request. */
export interface JudgingRule {
  precision: Precision;
  /** Temperature of the precision: 1 if the fitted one is not used, null if there is none. */
  temperature: number | null;
  /** A sentence is acceptable if its score is above this. null: the larger logit decides. */
  threshold: number | null;
}

/** The answer for a sentence: the model's judgement under the rule of the request. */
export interface Prediction extends Judgement {
  /** Probability of "acceptable", calibrated on the validation rows. null if the version was not assessed. */
  calibratedScore: number | null;
  /** In the order of the words. Only present if requested. */
  explanation?: WordEffect[];
}

/** @throws ConflictError if an int8 precision or a tuned threshold is requested and the version has none. */
export function judgingRule(
  { id, serving }: Pick<ResolvedModel, 'id' | 'serving'>,
  { precision, threshold }: { precision: PrecisionChoice; threshold: ThresholdName },
): JudgingRule {
  if (serving === null) {
    if (precision === 'int8') lacks(id, 'int8 variant', '"precision": "fp32"');
    if (threshold === 'tuned') lacks(id, 'tuned threshold', '"threshold": "default"');
    return { precision: 'fp32', temperature: null, threshold: null };
  }
  const used = precision === 'auto' ? serving.auto.variant : precision;
  const { calibration, threshold: tuned } = serving.variants[used];
  return {
    precision: used,
    temperature: calibration.temperature,
    threshold: threshold === 'tuned' && tuned.used !== false ? tuned.threshold : null,
  };
}

export function predictionOf(judgement: Judgement, { temperature, threshold }: JudgingRule): Prediction {
  return {
    ...judgement,
    acceptable: threshold === null ? judgement.acceptable : judgement.score > threshold,
    calibratedScore: temperature === null ? null : calibratedScore(judgement.logits, temperature),
  };
}

/**
 * Log odds of "acceptable". They still distinguish sentences whose scores are so close to 0 or 1 that they
 * are equal.
 */
export function logOdds({ logits: [unacceptable, acceptable] }: Pick<Judgement, 'logits'>): number {
  return acceptable - unacceptable;
}

function lacks(id: string, what: string, instead: string): never {
  throw new ConflictError(
    `Model ${id} has no ${what}: it was registered before such a thing existed. Send ${instead}, or train the model again.`,
  );
}
