import type { ComparisonsDto, JudgementDto } from './dto/prediction.dto.js';
import { countPreferences } from './pairs.js';
import type { Comparisons, ExplainedJudgement } from './predictions.service.js';

/** @param withLogits whether they were asked for. */
export function judgementAnswer(judgement: ExplainedJudgement, withLogits = false): JudgementDto {
  const { acceptable, score, calibratedScore, truncated, logits, explanation } = judgement;
  return {
    acceptable,
    score,
    calibratedScore,
    truncated,
    ...(withLogits && { logits }),
    ...(explanation && { explanation }),
  };
}

/** @param withLogits whether they were asked for. */
export function comparisonsAnswer({ comparisons, model }: Comparisons, withLogits = false): ComparisonsDto {
  return {
    pairs: comparisons.map(({ a, b, ...comparison }) => ({
      ...comparison,
      a: judgementAnswer(a, withLogits),
      b: judgementAnswer(b, withLogits),
    })),
    counts: countPreferences(comparisons),
    model,
  };
}
