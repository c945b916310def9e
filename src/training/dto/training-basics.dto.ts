import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, MaxLength, ValidateBy, ValidateIf } from 'class-validator';
import { defaultHyperparameters } from '../../bert/fine-tuning/hyperparameters.js';
import { LONGEST_ID } from '../../common/identifiers.js';
import { IsName, nameSchema } from '../../common/names.js';
import { NumberField, PositiveNumberField, WholeNumberField } from '../../common/number-fields.js';
import { promotionRules, type PromotionRule } from '../../models/model-version.js';

/** What every training is asked: the data, the base model and what the article settles. */
export class TrainingBasicsDto {
  // No examples where a form would be refused for them beside the file.
  @ApiPropertyOptional({
    description: 'The id of the uploaded dataset to train on, where no `file` is sent.',
  })
  @ValidateIf(given)
  @IsString({ message: 'datasetId must be the id of a dataset, such as ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB' })
  @MaxLength(LONGEST_ID, { message: 'datasetId is too long for the id of a dataset' })
  datasetId?: string;

  @ApiPropertyOptional({
    description:
      'The id of the uploaded dataset to validate on. Without it (and without `validationFile`) a share of the training rows is held out.',
  })
  @ValidateIf(given)
  @IsString({
    message: 'validationDatasetId must be the id of a dataset, such as ds_01JD3W4F0QK8A1R6SBE2M9PVWC.',
  })
  @MaxLength(LONGEST_ID, { message: 'validationDatasetId is too long for the id of a dataset' })
  validationDatasetId?: string;

  @ApiPropertyOptional({
    ...nameSchema,
    description: 'What to call the model.',
    example: 'cola',
  })
  @ValidateIf(given)
  @IsName()
  name?: string;

  @ApiPropertyOptional({
    description:
      'The pre-trained model to start from: a name of the catalogue, the id of a BERT, ELECTRA, DistilBERT or RoBERTa model on the Hugging Face hub, or a folder below the base-model folder.',
    default: 'bert-base-uncased',
    minLength: 1,
    maxLength: 200,
    example: 'all-MiniLM-L6-v2',
  })
  @Length(1, 200, { message: 'baseModel must be the name of a model, such as bert-base-uncased' })
  baseModel: string = 'bert-base-uncased';

  @WholeNumberField({
    description: 'How often every row is seen.',
    min: 1,
    max: 20,
    default: defaultHyperparameters.epochs,
  })
  epochs: number = defaultHyperparameters.epochs;

  @WholeNumberField({
    description: 'Sentences computed at once; a step has so many, times `gradientAccumulationSteps`.',
    min: 1,
    max: 256,
    default: defaultHyperparameters.batchSize,
  })
  batchSize: number = defaultHyperparameters.batchSize;

  @PositiveNumberField({
    description: 'The highest learning rate, reached at the end of the warm-up.',
    max: 1e-2,
    default: defaultHyperparameters.learningRate,
  })
  learningRate: number = defaultHyperparameters.learningRate;

  @ApiPropertyOptional({
    description:
      'Longest sentence in tokens, [CLS] and [SEP] counted; longer ones are cut. `auto`: the longest sentence of the data, at most 128.',
    oneOf: [
      { type: 'string', enum: ['auto'] },
      { type: 'integer', minimum: 8, maximum: 512 },
    ],
    default: 'auto',
    example: 'auto',
  })
  @ValidateBy(
    { name: 'maxLength', validator: { validate: isMaxLength } },
    { message: 'maxLength must be auto or a whole number from 8 to 512' },
  )
  // So that a form's text is read as a number where it is one.
  @Reflect.metadata('design:type', Number)
  maxLength: number | 'auto' = 'auto';

  @NumberField({
    description:
      'Share of the steps in which the learning rate climbs from 0; `schedule` says what it does then.',
    min: 0,
    max: 1,
    default: defaultHyperparameters.warmupRatio,
  })
  warmupRatio: number = defaultHyperparameters.warmupRatio;

  @NumberField({
    description: 'Decoupled weight decay of AdamW, on all weights but biases and LayerNorm.',
    min: 0,
    max: 1,
    default: defaultHyperparameters.weightDecay,
  })
  weightDecay: number = defaultHyperparameters.weightDecay;

  @NumberField({
    description: 'Share of values dropped in training.',
    min: 0,
    max: 0.9,
    default: defaultHyperparameters.dropout,
  })
  dropout: number = defaultHyperparameters.dropout;

  @PositiveNumberField({
    description: 'Gradients are scaled down to this global L2 norm.',
    max: 1e6,
    default: defaultHyperparameters.maxGradientNorm,
  })
  maxGradientNorm: number = defaultHyperparameters.maxGradientNorm;

  @WholeNumberField({
    description: 'Settles the held-out rows, the order of the batches, the dropout and all new weights.',
    min: 0,
    max: 2 ** 31 - 1,
    default: defaultHyperparameters.seed,
  })
  seed: number = defaultHyperparameters.seed;

  @NumberField({
    description:
      'Share of the training rows held out for validation (default 0.1); not together with a validation set.',
    min: 0.01,
    max: 0.5,
    optional: true,
  })
  validationFraction?: number;

  @ApiPropertyOptional({
    description:
      'Whether the model becomes `production`: `auto` if it is the first, or its MCC on the same validation rows is higher.',
    enum: promotionRules,
    default: 'auto',
  })
  @IsIn(promotionRules, { message: 'promote must be auto, always or never' })
  promote: PromotionRule = 'auto';
}

function isMaxLength(value: unknown): boolean {
  return value === 'auto' || (Number.isInteger(value) && (value as number) >= 8 && (value as number) <= 512);
}

/** Null is not "not given": it is a wrong type. */
function given(_request: unknown, value: unknown): boolean {
  return value !== undefined;
}
