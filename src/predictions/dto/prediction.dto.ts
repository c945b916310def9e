import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Precision } from '../../bert/onnx/precisions.js';
import type { Prediction } from '../judging-rule.js';
import { compare, countPreferences } from '../pairs.js';
import type { ChosenModel } from '../predictions.service.js';

/** The model that made the judgement. */
export class JudgingModelDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;
  /** @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string;
  /** The alias in the request. Null if the request named the id. @example production */
  alias!: string | null;
  /** The precision of the computation. @example int8 */
  precision!: Precision;

  static of({ id, name, alias, rule }: ChosenModel): JudgingModelDto {
    return { id, name, alias, precision: rule.precision };
  }
}

/** The effect of a word on the judgement of its sentence. Scores are null if the sentence has no other word. */
export class WordEffectDto {
  /** The word or punctuation mark, as in the sentence. @example the */
  word!: string;

  @ApiProperty({
    type: 'integer',
    description: 'Start of the word in the sentence, in UTF-16 code units, as JavaScript counts them.',
    example: 19,
  })
  start!: number;

  @ApiProperty({
    type: 'integer',
    description: 'End of the word: the position of the first code unit after it.',
    example: 22,
  })
  end!: number;

  /** Score of the sentence if the word is left out. @example 0.7605 */
  score!: number | null;

  /** Score of the sentence minus its score without the word. If it is above 0, the word makes the sentence more acceptable. If it is below 0, the word makes it less acceptable. @example -0.3079 */
  change!: number | null;

  /** The same difference in log odds, log(score / (1 − score)). It still shows differences between scores close to 0 or 1. @example -1.3456 */
  logOddsChange!: number | null;
}

/** The judgement of a sentence. */
export class JudgementDto {
  /** Whether the score is above the threshold: 0.5, or the tuned threshold if the request has `"threshold": "tuned"` and the model has one. @example false */
  acceptable!: boolean;

  /** Probability that the sentence is acceptable: softmax of the logits. @example 0.4525 */
  score!: number;

  /** The score, calibrated on the validation rows: of 100 sentences with 0.8, about 80 are acceptable. It equals `score` if calibration did not improve the scores by more than the error of measurement. Null if the model was not assessed. @example 0.4655 */
  calibratedScore!: number | null;

  /** Whether the sentence is longer than the model can read. Then the model judged its first tokens only. @example false */
  truncated!: boolean;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'number' },
    minItems: 2,
    maxItems: 2,
    description: 'Logits of "unacceptable" and of "acceptable". Present if the request has `logits`.',
    example: [0.3513, 0.1609],
  })
  logits?: number[];

  /** The effect of each word, in order. Present if the request has `explain`. */
  explanation?: WordEffectDto[];

  /** @param withLogits whether the request has `logits` */
  static of(prediction: Prediction, withLogits: boolean): JudgementDto {
    const { acceptable, score, calibratedScore, truncated, logits, explanation } = prediction;
    return {
      acceptable,
      score,
      calibratedScore,
      truncated,
      ...(withLogits && { logits }),
      ...(explanation && { explanation }),
    };
  }
}

/** The answer for one sentence. */
export class PredictionDto extends JudgementDto {
  model!: JudgingModelDto;
}

/** The answer for a list of sentences. */
export class PredictionsDto {
  /** One judgement per sentence, in the order of the request. */
  predictions!: JudgementDto[];
  model!: JudgingModelDto;
}

/** A comparison of two sentences. */
export class ComparisonDto {
  @ApiProperty({
    type: String,
    enum: ['a', 'b'],
    nullable: true,
    description: 'The sentence with the higher log odds. Null if they are equal.',
    example: 'a',
  })
  preferred!: 'a' | 'b' | null;

  /** Score of `a` minus score of `b`. @example 0.5739 */
  difference!: number;

  /** Log odds of `a`, log(score / (1 − score)), minus the log odds of `b`. Above 0 if `a` is preferred. It still shows differences between scores close to 0 or 1. @example 3.8611 */
  logOddsDifference!: number;

  a!: JudgementDto;
  b!: JudgementDto;

  static between(a: Prediction, b: Prediction, withLogits: boolean): ComparisonDto {
    return { ...compare(a, b), a: JudgementDto.of(a, withLogits), b: JudgementDto.of(b, withLogits) };
  }
}

/** Number of pairs in which each sentence is preferred. If `a` is the acceptable sentence of each pair, a / (a + b + equal) is the accuracy in a minimal-pair test. */
export class PreferenceCountsDto {
  @ApiProperty({ type: 'integer', description: 'Number of pairs in which `a` is preferred.', example: 1 })
  a!: number;

  @ApiProperty({ type: 'integer', description: 'Number of pairs in which `b` is preferred.', example: 0 })
  b!: number;

  @ApiProperty({ type: 'integer', description: 'Number of pairs of equal sentences.', example: 0 })
  equal!: number;
}

/** The answer for pairs. */
export class ComparisonsDto {
  /** One comparison per pair, in the order of the request. */
  pairs!: ComparisonDto[];
  counts!: PreferenceCountsDto;
  model!: JudgingModelDto;

  /** @param predictions of all sentences: `a` and `b` of the first pair, `a` and `b` of the second, and so on */
  static of(predictions: readonly Prediction[], model: JudgingModelDto, withLogits: boolean): ComparisonsDto {
    const pairs = Array.from({ length: predictions.length / 2 }, (_, i) =>
      ComparisonDto.between(predictions[2 * i]!, predictions[2 * i + 1]!, withLogits),
    );
    return { pairs, counts: countPreferences(pairs), model };
  }
}
