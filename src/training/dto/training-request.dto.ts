import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, ValidateBy, ValidateIf } from 'class-validator';
import { promotionRules, type PromotionRule } from '../../models/model-version.js';
import { NumberField, PositiveNumberField, WholeNumberField } from './number-fields.js';

/** What `POST /train` takes as JSON, and as form fields beside the files. */
export class TrainingRequestDto {
  // No examples where a form would be refused for them beside the file.
  @ApiPropertyOptional({
    description: 'The id of the uploaded dataset to train on, where no `file` is sent.',
  })
  @ValidateIf(given)
  @IsString({ message: 'datasetId must be the id of a dataset, such as ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB' })
  datasetId?: string;

  @ApiPropertyOptional({
    description:
      'The id of the uploaded dataset to validate on after each epoch. Without it (and without `validationFile`) a share of the training rows is held out.',
  })
  @ValidateIf(given)
  @IsString({
    message: 'validationDatasetId must be the id of a dataset, such as ds_01JD3W4F0QK8A1R6SBE2M9PVWC.',
  })
  validationDatasetId?: string;

  @ApiPropertyOptional({
    description: 'What to call the model.',
    minLength: 1,
    maxLength: 100,
    example: 'cola',
  })
  @ValidateIf(given)
  @ValidateBy(
    { name: 'name', validator: { validate: isName } },
    { message: 'name must be a text of 1 to 100 characters, none of them a control character' },
  )
  name?: string;

  @ApiPropertyOptional({
    description:
      'The pre-trained model to start from: a name of the catalogue, the id of a BERT model on the Hugging Face hub, or a folder below the base-model folder.',
    default: 'bert-base-uncased',
    minLength: 1,
    maxLength: 200,
    example: 'all-MiniLM-L6-v2',
  })
  @Length(1, 200, { message: 'baseModel must be the name of a model, such as bert-base-uncased' })
  baseModel: string = 'bert-base-uncased';

  @WholeNumberField({ description: 'How often every row is seen.', min: 1, max: 20, default: 3 })
  epochs: number = 3;

  @WholeNumberField({ description: 'Sentences a step.', min: 1, max: 256, default: 32 })
  batchSize: number = 32;

  @PositiveNumberField({
    description: 'The highest learning rate, reached at the end of the warm-up.',
    max: 1e-2,
    default: 3e-5,
  })
  learningRate: number = 3e-5;

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
    description: 'Share of the steps in which the learning rate climbs from 0; it falls to 0 in the others.',
    min: 0,
    max: 1,
    default: 0.1,
  })
  warmupRatio: number = 0.1;

  @NumberField({
    description: 'Decoupled weight decay of AdamW, on all weights but biases and LayerNorm.',
    min: 0,
    max: 1,
    default: 0.01,
  })
  weightDecay: number = 0.01;

  @NumberField({ description: 'Share of values dropped in training.', min: 0, max: 0.9, default: 0.1 })
  dropout: number = 0.1;

  @PositiveNumberField({
    description: 'Gradients are scaled down to this global L2 norm.',
    max: 1e6,
    default: 1,
  })
  maxGradientNorm: number = 1;

  @WholeNumberField({
    description: 'Settles the held-out rows, the order of the batches, the dropout and the new classifier.',
    min: 0,
    max: 2 ** 31 - 1,
    default: 42,
  })
  seed: number = 42;

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

/** The form: documentation alone, since files are read as a stream. */
export class TrainingFormDto extends TrainingRequestDto {
  @ApiPropertyOptional({
    description: 'The sentences to train on, as tab-separated values in the layout of CoLA.',
    type: 'string',
    format: 'binary',
  })
  file?: unknown;

  @ApiPropertyOptional({
    description: 'The sentences to validate on after each epoch.',
    type: 'string',
    format: 'binary',
  })
  validationFile?: unknown;
}

/** The JSON body: documentation of what is required there. */
export class TrainingJsonDto extends TrainingRequestDto {
  @ApiProperty({
    required: true,
    description: 'The id of the uploaded dataset to train on.',
    example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB',
  })
  override datasetId!: string;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 100 && /\S/.test(value) && !/\p{Cc}/u.test(value);
}

function isMaxLength(value: unknown): boolean {
  return value === 'auto' || (Number.isInteger(value) && (value as number) >= 8 && (value as number) <= 512);
}

/** Null is not "not given": it is a wrong type. */
function given(_request: unknown, value: unknown): boolean {
  return value !== undefined;
}
