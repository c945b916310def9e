import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Precision } from '../../bert/onnx/precisions.js';
import type { Prediction } from '../judging-rule.js';
import { compare, countPreferences } from '../pairs.js';
import type { ChosenModel } from '../predictions.service.js';

/** The model that judged. */
export class JudgingModelDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;
  /** @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string;
  /** The alias that the request named. Null if it named the id. @example production */
  alias!: string | null;
  /** The precision that it computed in. @example int8 */
  precision!: Precision;

  static of({ id, name, alias, rule }: ChosenModel): JudgingModelDto {
    return { id, name, alias, precision: rule.precision };
  }
}

/** What a word does to the judgement of its sentence. Scores are null where nothing to judge is left without it: it was the only word. */
export class WordEffectDto {
  /** The word, or punctuation mark, as it stands in the sentence. @example the */
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

  /** Score of the sentence without the word. @example 0.7605 */
  score!: number | null;

  /** Score of the sentence less that without the word: above 0, the word makes the sentence more acceptable; below 0, less. @example -0.3079 */
  change!: number | null;

  /** The same of the log odds, log(score / (1 − score)), which still differ where scores are close to 0 or 1. @example -1.3456 */
  logOddsChange!: number | null;
}

/** The judgement of a sentence. */
export class JudgementDto {
  /** Whether the score is above the threshold, which is 0.5 where `tuned` was not asked for, or no other one was better. @example false */
  acceptable!: boolean;

  /** Probability that the sentence is acceptable: softmax of the logits. @example 0.4525 */
  score!: number;

  /** The same, calibrated on the validation rows: of sentences with 0.8, about 80 in 100 are acceptable. Equal to `score` where no calibration was better beyond its error; null where the model was not assessed. @example 0.4655 */
  calibratedScore!: number | null;

  /** The sentence is longer than the model can read; its first tokens were judged. @example false */
  truncated!: boolean;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'number' },
    minItems: 2,
    maxItems: 2,
    description: 'Of "unacceptable" and of "acceptable"; where `logits` was asked for.',
    example: [0.3513, 0.1609],
  })
  logits?: number[];

  /** In the order of the words; where `explain` was asked for. */
  explanation?: WordEffectDto[];

  /** @param withLogits whether they were asked for */
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

/** The answer to one sentence. */
export class PredictionDto extends JudgementDto {
  model!: JudgingModelDto;
}

/** The answer to a list of sentences. */
export class PredictionsDto {
  /** In the order of the sentences. */
  predictions!: JudgementDto[];
  model!: JudgingModelDto;
}

/** Which of two sentences is the more acceptable one. */
export class ComparisonDto {
  @ApiProperty({
    type: String,
    enum: ['a', 'b'],
    nullable: true,
    description: 'The one with the higher log odds; null where they are equal.',
    example: 'a',
  })
  preferred!: 'a' | 'b' | null;

  /** Score of a less score of b. @example 0.5739 */
  difference!: number;

  /** Log odds of a, log(score / (1 − score)), less those of b: above 0 where a is preferred. They still differ where both scores are close to 0 or 1. @example 3.8611 */
  logOddsDifference!: number;

  a!: JudgementDto;
  b!: JudgementDto;

  static between(a: Prediction, b: Prediction, withLogits: boolean): ComparisonDto {
    return { ...compare(a, b), a: JudgementDto.of(a, withLogits), b: JudgementDto.of(b, withLogits) };
  }
}

/** Of how many pairs each sentence is preferred. Where a is always the acceptable one, a / (a + b + equal) is the accuracy of a minimal-pair test. */
export class PreferenceCountsDto {
  @ApiProperty({ type: 'integer', description: 'Pairs where a is preferred.', example: 1 })
  a!: number;

  @ApiProperty({ type: 'integer', description: 'Pairs where b is preferred.', example: 0 })
  b!: number;

  @ApiProperty({ type: 'integer', description: 'Pairs of equal sentences.', example: 0 })
  equal!: number;
}

/** The answer to pairs. */
export class ComparisonsDto {
  /** In the order of the pairs. */
  pairs!: ComparisonDto[];
  counts!: PreferenceCountsDto;
  model!: JudgingModelDto;

  /** @param predictions of the sentences a and b of each pair by turns */
  static of(predictions: readonly Prediction[], model: JudgingModelDto, withLogits: boolean): ComparisonsDto {
    const pairs = Array.from({ length: predictions.length / 2 }, (_, i) =>
      ComparisonDto.between(predictions[2 * i]!, predictions[2 * i + 1]!, withLogits),
    );
    return { pairs, counts: countPreferences(pairs), model };
  }
}
