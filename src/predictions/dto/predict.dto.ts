import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ListOf } from '../../api/form-values.js';
import { LONGEST_ID } from '../../common/identifiers.js';
import {
  precisionChoices,
  thresholdNames,
  type PrecisionChoice,
  type ThresholdName,
} from '../judging-rule.js';

/**
 * Pattern of a sentence: it must have more than white space. That it also needs more than invisible
 * characters is only said in the description.
 */
export const notBlank = '\\S';

/**
 * Model and options of a judgement, in a JSON body or the query. Text bodies and streams can only use the
 * query. These fields have no examples: /docs would put them into every query, where they contradict the
 * body.
 */
export class PredictQueryDto {
  /** The model that judges: an id or an alias. Default: `production`. */
  @Given()
  @IsString({ message: 'model must be given once, as a string: the id of a model or an alias' })
  @MaxLength(LONGEST_ID, { message: 'model is too long for the id of a model or an alias' })
  model?: string;

  /** Precision of the computation: `fp32`, `int8` (faster), or `auto` (int8 if it was as good on the validation rows). Default: the service's setting. */
  @Given()
  @IsIn(precisionChoices, { message: 'precision must be auto, fp32 or int8' })
  precision?: PrecisionChoice;

  /** The score above which a sentence is `acceptable`: 0.5 (`default`), or the best threshold on the validation rows (`tuned`). If no threshold was better than 0.5 by more than the error of measurement, `tuned` is also 0.5. */
  @Given()
  @IsIn(thresholdNames, { message: 'threshold must be default or tuned' })
  threshold?: ThresholdName;

  /** Whether the answer includes the logits. */
  @Given()
  @IsBoolean({ message: 'logits must be true or false' })
  logits?: boolean;

  /** Whether the answer includes the effect of each word on the score of its sentence. Not possible for `pairs` and streams. */
  @Given()
  @IsBoolean({ message: 'explain must be true or false' })
  explain?: boolean;
}

/** Two sentences to compare. */
export class PairDto {
  /** @example 'Many girls hurt themselves.' */
  @ApiProperty({ pattern: notBlank })
  @IsString({ message: 'a must be a string' })
  a!: string;

  /** @example 'Many girls hurt herself.' */
  @ApiProperty({ pattern: notBlank })
  @IsString({ message: 'b must be a string' })
  b!: string;
}

/** One sentence, several, or pairs to compare. A plain text body becomes `sentence`, a form its fields. */
export class PredictDto extends PredictQueryDto {
  /** The sentence to judge. Give this, `sentences` or `pairs`. @example 'The cat sat on mat the.' */
  @ApiPropertyOptional({ pattern: notBlank })
  @Given()
  @IsString({ message: 'sentence must be a string' })
  sentence?: string;

  /** Up to 256 sentences to judge. Give this, `sentence` or `pairs`. @example ["The cat sat on the mat.", "The cat sat on mat the."] */
  @ApiPropertyOptional({ type: 'array', items: { type: 'string', pattern: notBlank } })
  @Given()
  @ListOf(String)
  @IsArray({ message: 'sentences must be a list of strings' })
  @ArrayMinSize(1, { message: 'sentences must hold at least one sentence' })
  @ArrayMaxSize(256, {
    message: `sentences may hold at most 256: send more in several requests`,
  })
  sentences?: string[];

  /** Up to 128 pairs of sentences to compare. Give this, `sentence` or `sentences`. */
  @Given()
  @ListOf(Object)
  @IsArray({ message: 'pairs must be a list of objects, each with the sentences a and b' })
  @ArrayMinSize(1, { message: 'pairs must hold at least one pair' })
  @ArrayMaxSize(128, { message: 'pairs may hold at most 128: send more in several requests' })
  @ValidateNested({ each: true, message: 'must be an object with the sentences a and b' })
  @Type(() => PairDto)
  pairs?: PairDto[];
}

/** The form, for the OpenAPI document only. In a form, `pairs` would have to be JSON, so it is better to send JSON. */
export class PredictFormDto extends OmitType(PredictDto, ['pairs'] as const) {}

/** The field may be left out, but it may not be null. */
function Given(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
