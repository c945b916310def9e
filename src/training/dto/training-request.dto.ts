import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, MaxLength, ValidateIf } from 'class-validator';
import { LONGEST_ID } from '../../common/identifiers.js';
import { IsName, nameSchema } from '../../api/names.js';
import { NumberField, WholeNumberField } from '../../api/number-fields.js';
import { promotionRules, type PromotionRule } from '../../models/model-version.js';
import { orderDefaults } from '../run.js';
import { hyperparameters } from '../../bert/fine-tuning/hyperparameters.js';
import { withHyperparameters } from './hyperparameter-fields.js';

const MOST_EPOCHS = hyperparameters.epochs.schema.maximum!;

/** What every training is asked, beside its hyperparameters. */
export class TrainingBasics {
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
    description: 'Name of the model.',
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

  @NumberField({
    description:
      'Share of the training rows to hold out for validation (default 0.1). Not possible together with a validation set.',
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

  @WholeNumberField({
    description: 'Of the runs in the queue, those with the highest priority come first.',
    min: -100,
    max: 100,
    default: orderDefaults.priority,
  })
  priority: number = orderDefaults.priority;

  @WholeNumberField({
    description:
      'Number of steps from one checkpoint to the next. Without it, checkpoints come every `WELLFORMED_CHECKPOINT_INTERVAL` (5 minutes). ' +
      'Each epoch that takes 10 seconds or more ends with one too.',
    min: 1,
    max: 1_000_000,
    optional: true,
  })
  checkpointSteps?: number;

  @WholeNumberField({
    description:
      'How many times the run is restarted from its latest checkpoint after a crash. After that it fails.',
    min: 0,
    max: 100,
    default: orderDefaults.maxRestarts,
  })
  maxRestarts: number = orderDefaults.maxRestarts;

  @WholeNumberField({
    description: 'The run pauses by itself after this epoch. `POST /train/{id}/resume` goes on.',
    min: 1,
    max: MOST_EPOCHS,
    optional: true,
  })
  pauseAfterEpoch?: number;
}

/** What `POST /train` takes as JSON, and as form fields beside the files: the data, the base model and the hyperparameters. */
export class TrainingRequestDto extends withHyperparameters(TrainingBasics) {}

/** The form: documentation alone, since files are read as a stream. */
export class TrainingFormDto extends TrainingRequestDto {
  @ApiPropertyOptional({
    description: 'Format of the files. It overrides their content types and names. Send it before the files.',
    enum: ['tsv', 'csv', 'jsonl'],
  })
  format?: string;

  @ApiPropertyOptional({
    description: 'The sentences to train on: TSV, CSV or JSON lines, as for `POST /datasets`.',
    type: 'string',
    format: 'binary',
  })
  file?: unknown;

  @ApiPropertyOptional({
    description: 'The sentences to validate on.',
    type: 'string',
    format: 'binary',
  })
  validationFile?: unknown;
}

/** The JSON body: documentation of what is required there. */
export class TrainingJsonDto extends TrainingRequestDto {
  @ApiProperty({
    required: true,
    description: 'Id of the uploaded dataset to train on.',
    example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB',
  })
  override datasetId!: string;
}

/** What `POST /train/{id}/continue` takes. */
export class ContinueRunDto {
  @WholeNumberField({
    description: 'Number of epochs to train beyond those that are done.',
    min: 1,
    max: MOST_EPOCHS,
    default: 1,
  })
  epochs: number = 1;
}

/** Null is not "not given": it is a wrong type. */
function given(_request: unknown, value: unknown): boolean {
  return value !== undefined;
}
