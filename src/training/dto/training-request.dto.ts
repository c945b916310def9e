import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, ValidateBy, ValidateIf } from 'class-validator';
import { defaultHyperparameters } from '../../bert/fine-tuning/hyperparameters.js';
import { scheduleNames, type ScheduleName } from '../../bert/fine-tuning/schedule.js';
import { ListOf } from '../../common/form-values.js';
import { NumberField, PositiveNumberField, WholeNumberField } from '../../common/number-fields.js';
import { TrainingBasicsDto } from './training-basics.dto.js';

const mostClassWeight = 1000;

/**
 * What `POST /train` takes as JSON, and as form fields beside the files: the basics, and what published recipes do and the
 * article does not, each of it off by default.
 */
export class TrainingRequestDto extends TrainingBasicsDto {
  @WholeNumberField({
    description:
      'Batches whose gradients make one step. A step then has the sentences of all of them and the result is theirs, in the memory of one.',
    min: 1,
    max: 64,
    default: defaultHyperparameters.gradientAccumulationSteps,
  })
  gradientAccumulationSteps: number = defaultHyperparameters.gradientAccumulationSteps;

  @ApiPropertyOptional({
    description:
      'What the learning rate does after the warm-up: falls to 0 in a line, falls to 0 in a half cosine, or stays.',
    enum: scheduleNames,
    default: defaultHyperparameters.schedule,
  })
  @IsIn(scheduleNames, { message: `schedule must be one of ${scheduleNames.join(', ')}` })
  schedule: ScheduleName = defaultHyperparameters.schedule;

  @PositiveNumberField({
    description:
      'Factor of the learning rate from one layer to the next below it: the head learns at `learningRate`, the top layer at this times as much, the embeddings slowest (ELECTRA: 0.8 or 0.9). 1: off.',
    max: 1,
    default: defaultHyperparameters.layerwiseLearningRateDecay,
  })
  layerwiseLearningRateDecay: number = defaultHyperparameters.layerwiseLearningRateDecay;

  @NumberField({
    description: 'Share of each target that is spread over both classes (usual: 0.1). 0: off.',
    min: 0,
    max: 0.9,
    default: defaultHyperparameters.labelSmoothing,
  })
  labelSmoothing: number = defaultHyperparameters.labelSmoothing;

  @ApiPropertyOptional({
    description:
      'What a row counts in the loss by its label: `balanced` (rows / (2 · rows of the label)), or two numbers above 0, of label 0 and of label 1 (in a form: `2,1`, `[2,1]`, or the field twice). Null: all the same.',
    oneOf: [
      { type: 'string', enum: ['balanced'] },
      {
        type: 'array',
        items: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: mostClassWeight },
        minItems: 2,
        maxItems: 2,
      },
    ],
    nullable: true,
    default: null,
    example: 'balanced',
  })
  @ValidateIf((_request, value) => value !== null)
  @ValidateBy(
    { name: 'classWeights', validator: { validate: isClassWeights } },
    {
      message: `classWeights must be balanced, two numbers above 0 and at most ${mostClassWeight} (of label 0 and of label 1), or null`,
    },
  )
  @ListOf(Number)
  classWeights: [number, number] | 'balanced' | null = null;

  @NumberField({
    description:
      'α of R-Drop: each sentence is judged under two dropout masks, and α weighs how far the two judgements may differ. Doubles the work. Needs `dropout` above 0. 0: off.',
    min: 0,
    max: 10,
    default: defaultHyperparameters.rDrop,
  })
  rDrop: number = defaultHyperparameters.rDrop;

  @WholeNumberField({
    description:
      'How many of the top layers forget their pre-training and start anew, and with them the pooler: helps on small datasets. At most the layers of the base model. 0: off.',
    min: 0,
    max: 48,
    default: defaultHyperparameters.reinitializedLayers,
  })
  reinitializedLayers: number = defaultHyperparameters.reinitializedLayers;

  @WholeNumberField({
    description:
      'Averages the weights at the ends of so many last epochs, evaluates the average and keeps it if it is the best. 2 or more, and at most `epochs`. 0: off.',
    min: 0,
    max: 20,
    default: defaultHyperparameters.weightAveraging,
  })
  weightAveraging: number = defaultHyperparameters.weightAveraging;

  @WholeNumberField({
    description:
      'Evaluates after each so many steps too; the best of all evaluations is kept. Null: at the ends of epochs alone.',
    min: 1,
    max: 1_000_000,
    nullable: true,
  })
  evaluationSteps: number | null = defaultHyperparameters.evaluationSteps;

  @WholeNumberField({
    description: 'Ends the training after so many evaluations in a row without a better MCC. Null: off.',
    min: 1,
    max: 100,
    nullable: true,
  })
  earlyStoppingPatience: number | null = defaultHyperparameters.earlyStoppingPatience;
}

/** The form: documentation alone, since files are read as a stream. */
export class TrainingFormDto extends TrainingRequestDto {
  @ApiPropertyOptional({
    description:
      'How the files are written, whatever their content types and names say. Goes before the files.',
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
    description: 'The id of the uploaded dataset to train on.',
    example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB',
  })
  override datasetId!: string;
}

function isClassWeights(value: unknown): boolean {
  if (!Array.isArray(value)) return value === 'balanced';
  return (
    value.length === 2 &&
    value.every((weight) => typeof weight === 'number' && weight > 0 && weight <= mostClassWeight)
  );
}
