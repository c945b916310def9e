import { ArrayMaxSize, ArrayMinSize, IsArray, IsString, ValidateIf } from 'class-validator';

/** One sentence or several, as JSON. A plain text body becomes `sentence`. */
export class PredictDto {
  /** The sentence to judge. Give this or `sentences`. @example 'The cat sat on mat the.' */
  @Given()
  @IsString({ message: 'sentence must be a string' })
  sentence?: string;

  /** Up to 256 sentences to judge. Give this or `sentence`. @example ["The cat sat on the mat.", "The cat sat on mat the."] */
  @Given()
  @IsArray({ message: 'sentences must be a list of strings' })
  @ArrayMinSize(1, { message: 'sentences must hold at least one sentence' })
  @ArrayMaxSize(256, {
    message: `sentences may hold at most 256: send more in several requests`,
  })
  sentences?: string[];

  /** Which model judges: an id or an alias. Without it, `production`. @example production */
  @Given()
  @IsString({ message: 'model must be a string: the id of a model or an alias' })
  model?: string;
}

export class PredictQueryDto {
  /** Which model judges: an id or an alias. For plain text bodies, which have no other place for it. */
  @Given()
  @IsString({ message: 'model must be given once: the id of a model or an alias' })
  model?: string;
}

/** May be left out; null is not leaving it out. */
function Given(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}

/** The model that judged. */
export class JudgingModelDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;
  /** @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string;
  /** The alias by which it was asked for; null if by its id. @example production */
  alias!: string | null;
}

export class JudgementDto {
  /** Whether the score is above 0.5. @example false */
  acceptable!: boolean;
  /** Probability that the sentence is acceptable: softmax of the logits. @example 0.0312 */
  score!: number;
  /** The sentence is longer than the model can read; its first tokens were judged. @example false */
  truncated!: boolean;
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
