import { calibratedScore } from '../bert/evaluation/calibration.js';
import { precisions, type Precision } from '../bert/onnx/precisions.js';
import type { Judgement } from '../bert/serving/served-model.js';
import { ConflictError } from '../common/errors.js';
import type { ResolvedModel } from '../models/models.service.js';
import type { WordEffect } from './explanations/explanations.js';

/** What a model computes with; `auto`: what its assessment chose. */
export const precisionChoices = ['auto', ...precisions] as const;
export type PrecisionChoice = (typeof precisionChoices)[number];

/**
 * From where on a sentence counts as acceptable: the larger logit decides, or what was best on the validation rows. Where nothing was
 * better beyond its error than the larger logit, that decides for both.
 */
export const thresholdNames = ['default', 'tuned'] as const;
export type ThresholdName = (typeof thresholdNames)[number];

/** Which model a request means, and how it is to judge. */
export interface ModelChoice {
  /** An id or an alias; default: production. */
  model?: string;
  /** Default: that of the settings. */
  precision?: PrecisionChoice;
  /** Default: the larger logit decides. */
  threshold?: ThresholdName;
}

/** How a model judges one request. */
export interface JudgingRule {
  precision: Precision;
  /** Of the precision's calibration, 1 where the fitted one is not used; null where there is none. */
  temperature: number | null;
  /** That a score must be above; null: the larger logit decides. */
  threshold: number | null;
}

/** What a request learns of a sentence: the model's judgement by the rule of the request. */
export interface Prediction extends Judgement {
  /** Probability of "acceptable", calibrated on the validation rows; null where the version was not assessed. */
  calibratedScore: number | null;
  /** In the order of the words; only where it was asked for. */
  explanation?: WordEffect[];
}

/** @throws ConflictError if the version has no int8 precision or no tuned threshold, and one is asked for. */
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

/** Log odds of "acceptable": they keep telling sentences apart where scores come so close to 0 or 1 that they are equal. */
export function logOdds({ logits: [unacceptable, acceptable] }: Pick<Judgement, 'logits'>): number {
  return acceptable - unacceptable;
}

function lacks(id: string, what: string, instead: string): never {
  throw new ConflictError(
    `Model ${id} has no ${what}: it was registered before there was such a thing. Ask it with ${instead}, or train it again.`,
  );
}
