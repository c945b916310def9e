import { scheduleNames, type ScheduleName } from './learning-rates.js';

/** The one declaration of a hyperparameter. Checks, forms, documents and model cards are made from it. */
export interface Hyperparameter<T = unknown> {
  /** The allowed values in OpenAPI 3.0. */
  schema: ValueSchema;
  /**
   * The article's value (see docs/results.md). For an option that the article does not use, the value that
   * turns it off.
   */
  default: T;
  /** Whether the default turns it off. A model card then omits it. */
  isOption?: boolean;
  /** The allowed values in words, after "must be". */
  values: string;
  /** Its effect, in a sentence or two. */
  says: string;
  /** Its origin. */
  source?: { name: string; url: string };
  isValid(value: unknown): boolean;
}

export interface ValueSchema {
  type?: 'integer' | 'number' | 'string' | 'array';
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: true;
  maximum?: number;
  items?: ValueSchema;
  minItems?: number;
  maxItems?: number;
  oneOf?: ValueSchema[];
  nullable?: true;
}

type Told<T> = Pick<Hyperparameter<T>, 'default' | 'isOption' | 'says' | 'source'>;

function integer({ min, max, ...told }: Told<number> & { min: number; max: number }): Hyperparameter<number> {
  return {
    ...told,
    schema: { type: 'integer', minimum: min, maximum: max },
    values: `a whole number from ${min} to ${max}`,
    isValid: (value) => isNumber(value) && Number.isInteger(value) && value >= min && value <= max,
  };
}

/** The default is null: no value. */
function integerOrNull(told: Omit<Parameters<typeof integer>[0], 'default'>): Hyperparameter<number | null> {
  const { schema, values, isValid, ...others } = integer({ ...told, default: NaN });
  return {
    ...others,
    default: null,
    schema: { ...schema, nullable: true },
    values: `${values}, or null`,
    isValid: (value) => value === null || isValid(value),
  };
}

function number({ min, max, ...told }: Told<number> & { min: number; max: number }): Hyperparameter<number> {
  return {
    ...told,
    schema: { type: 'number', minimum: min, maximum: max },
    values: `a number from ${min} to ${max}`,
    isValid: (value) => isNumber(value) && value >= min && value <= max,
  };
}

function positive({ max, ...told }: Told<number> & { max: number }): Hyperparameter<number> {
  return {
    ...told,
    schema: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: max },
    values: `a number above 0 and at most ${max}`,
    isValid: (value) => isNumber(value) && value > 0 && value <= max,
  };
}

function choice<T extends string>({ names, ...told }: Told<T> & { names: readonly T[] }): Hyperparameter<T> {
  return {
    ...told,
    schema: { type: 'string', enum: [...names] },
    values: `one of ${names.join(', ')}`,
    isValid: (value) => names.includes(value as T),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

/** Longest sentence that `maxLength: auto` chooses, in tokens. */
export const LONGEST_AUTO_LENGTH = 128;

const MOST_CLASS_WEIGHT = 1000;
const isClassWeight = (value: unknown) => isNumber(value) && value > 0 && value <= MOST_CLASS_WEIGHT;

/** Every hyperparameter of a fine-tuning, in the order in which documents and forms show them. */
export const hyperparameters = {
  epochs: integer({ default: 3, min: 1, max: 20, says: 'Number of passes over all training rows.' }),
  batchSize: integer({
    default: 32,
    min: 1,
    max: 256,
    says: 'Number of sentences computed at once. A step sees this many, times `gradientAccumulationSteps`.',
  }),
  gradientAccumulationSteps: integer({
    default: 1,
    isOption: true,
    min: 1,
    max: 64,
    says: 'Number of batches whose gradients are added up for one step. The result is that of a large batch, with the memory of a small one. 1: off.',
  }),
  learningRate: positive({
    default: 3e-5,
    max: 1e-2,
    says: 'The highest learning rate, reached at the end of the warm-up.',
  }),
  schedule: choice<ScheduleName>({
    default: 'linear',
    names: scheduleNames,
    says: 'Course of the learning rate after the warm-up: it falls to 0 along a line or a half cosine, or it stays constant.',
    source: { name: 'Loshchilov & Hutter, 2017', url: 'https://arxiv.org/abs/1608.03983' },
  }),
  warmupRatio: number({
    default: 0.1,
    min: 0,
    max: 1,
    says: 'Share of the steps in which the learning rate climbs from 0. `schedule` sets its course after that.',
  }),
  layerwiseLearningRateDecay: positive({
    default: 1,
    isOption: true,
    max: 1,
    says:
      'Factor between the learning rates of a layer and the layer above it. The head learns at `learningRate`, the top layer at ' +
      '`learningRate` times this factor, and the embeddings slowest (ELECTRA: 0.8 or 0.9). 1: off.',
    source: { name: 'Howard & Ruder, 2018', url: 'https://arxiv.org/abs/1801.06146' },
  }),
  maxLength: {
    default: 'auto',
    schema: {
      oneOf: [
        { type: 'string', enum: ['auto'] },
        { type: 'integer', minimum: 8, maximum: 512 },
      ],
    },
    values: 'auto or a whole number from 8 to 512',
    says:
      'Longest sentence in tokens, including [CLS] and [SEP]. Longer ones are cut. `auto`: the longest sentence of the data, at most ' +
      `${LONGEST_AUTO_LENGTH}.`,
    isValid: (value) =>
      value === 'auto' || (isNumber(value) && Number.isInteger(value) && value >= 8 && value <= 512),
  } as Hyperparameter<number | 'auto'>,
  weightDecay: number({
    default: 0.01,
    min: 0,
    max: 1,
    says: 'Decoupled weight decay of AdamW. It acts on all weights except biases and LayerNorm.',
    source: { name: 'Loshchilov & Hutter, 2019', url: 'https://arxiv.org/abs/1711.05101' },
  }),
  dropout: number({
    default: 0.1,
    min: 0,
    max: 0.9,
    says: 'Share of the values that are set to 0 at random during training.',
  }),
  maxGradientNorm: positive({
    default: 1,
    max: 1e6,
    says: 'Largest global L2 norm of the gradients. Larger gradients are scaled down to it.',
  }),
  labelSmoothing: number({
    default: 0,
    isOption: true,
    min: 0,
    max: 0.9,
    says: 'Share of each target that is spread evenly over both classes (usual: 0.1). 0: off.',
    source: { name: 'Szegedy et al., 2016', url: 'https://arxiv.org/abs/1512.00567' },
  }),
  classWeights: {
    default: null,
    isOption: true,
    schema: {
      oneOf: [
        { type: 'string', enum: ['balanced'] },
        {
          type: 'array',
          items: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: MOST_CLASS_WEIGHT },
          minItems: 2,
          maxItems: 2,
        },
      ],
      nullable: true,
    },
    values: `balanced, two numbers above 0 and at most ${MOST_CLASS_WEIGHT} (of label 0 and of label 1), or null`,
    says:
      'Weight of a row in the loss, by its label: `balanced` (rows / (2 · rows of the label)), or two numbers for label 0 and ' +
      'label 1 (in a form: `2,1`, `[2,1]`, or the field twice). Null: all rows have the same weight.',
    source: { name: 'King & Zeng, 2001', url: 'https://doi.org/10.1093/oxfordjournals.pan.a004868' },
    isValid: (value) =>
      value === null ||
      value === 'balanced' ||
      (Array.isArray(value) && value.length === 2 && value.every(isClassWeight)),
  } as Hyperparameter<readonly [number, number] | 'balanced' | null>,
  rDrop: number({
    default: 0,
    isOption: true,
    min: 0,
    max: 10,
    says:
      'α of R-Drop. Each sentence is judged under two dropout masks, and α is the weight of the difference between the two judgements. It doubles ' +
      'the work and needs `dropout` above 0. 0: off.',
    source: { name: 'Liang et al., 2021', url: 'https://arxiv.org/abs/2106.14448' },
  }),
  reinitializedLayers: integer({
    default: 0,
    isOption: true,
    min: 0,
    max: 48,
    says:
      'Number of top layers that start with random weights instead of the pre-trained ones. The pooler then does so too. It helps on ' +
      'small data sets. At most the layers of the base model. 0: off.',
    source: { name: 'Zhang et al., 2021', url: 'https://arxiv.org/abs/2006.05987' },
  }),
  weightAveraging: integer({
    default: 0,
    isOption: true,
    min: 0,
    max: 20,
    says:
      'Number of epochs at the end whose weights are averaged. The average is evaluated too, and kept if it is the best. 2 or more, ' +
      'and at most `epochs`. 0: off.',
    source: { name: 'Izmailov et al., 2018', url: 'https://arxiv.org/abs/1803.05407' },
  }),
  evaluationSteps: integerOrNull({
    isOption: true,
    min: 1,
    max: 1_000_000,
    says:
      'Number of steps between evaluations, in addition to those at the ends of epochs. The weights of the best evaluation are kept. ' +
      'Null: evaluate only at the ends of epochs.',
    source: { name: 'Dodge et al., 2020', url: 'https://arxiv.org/abs/2002.06305' },
  }),
  earlyStoppingPatience: integerOrNull({
    isOption: true,
    min: 1,
    max: 100,
    says: 'Number of consecutive evaluations without a better MCC after which the training ends. Null: off.',
    source: { name: 'Prechelt, 1998', url: 'https://doi.org/10.1007/3-540-49430-8_3' },
  }),
  seed: integer({
    default: 42,
    min: 0,
    max: 2 ** 31 - 1,
    says: 'Seed of all random choices: the held-out rows, the order of the batches, the dropout and all new weights.',
  }),
};

/** The hyperparameters as requested. `maxLength` may be `auto`. */
export type AskedHyperparameters = {
  [Name in keyof typeof hyperparameters]: (typeof hyperparameters)[Name]['default'];
};

/** The hyperparameters that a fine-tuning uses. */
export type Hyperparameters = Omit<AskedHyperparameters, 'maxLength'> & {
  /** In tokens. */
  maxLength: number;
};

/** Picks the hyperparameters out of an object. Missing ones get their defaults. */
export function hyperparametersIn(asked: Partial<AskedHyperparameters>): AskedHyperparameters {
  const values = Object.entries(hyperparameters).map(([name, { default: fallback }]) => {
    const value = asked[name as keyof AskedHyperparameters];
    return [name, value === undefined ? fallback : value];
  });
  return Object.fromEntries(values) as AskedHyperparameters;
}

/**
 * Completes hyperparameters that were stored before some existed. The missing ones are off, as they were
 * then.
 */
export function withAllHyperparameters<T extends Partial<AskedHyperparameters>>(
  stored: T,
): T & AskedHyperparameters {
  return { ...stored, ...hyperparametersIn(stored) };
}

const { maxLength: _auto, ...settled } = hyperparametersIn({});
/** All except `maxLength`, which depends on the data. */
export const defaultHyperparameters: Readonly<Omit<Hyperparameters, 'maxLength'>> = settled;

/** A hyperparameter that conflicts with others, and what to do. */
export interface Contradiction {
  name: keyof Hyperparameters;
  message: string;
}

/**
 * Finds combinations that are not possible, although each value is within its bounds.
 * @param numHiddenLayers of the model; null if not known yet
 */
export function contradictions(
  {
    epochs,
    weightAveraging,
    rDrop,
    dropout,
    reinitializedLayers,
  }: Pick<Hyperparameters, 'epochs' | 'weightAveraging' | 'rDrop' | 'dropout' | 'reinitializedLayers'>,
  numHiddenLayers: number | null,
): Contradiction[] {
  const found: Contradiction[] = [];
  if (weightAveraging === 1) {
    found.push({
      name: 'weightAveraging',
      message: 'weightAveraging 1 would average one epoch alone, which changes nothing: take 2 or more, or 0',
    });
  }
  if (weightAveraging > epochs) {
    found.push({
      name: 'weightAveraging',
      message: `weightAveraging ${weightAveraging} is more than the ${epochs} epochs there are: take fewer, or more epochs`,
    });
  }
  if (rDrop > 0 && dropout === 0) {
    found.push({
      name: 'rDrop',
      message: 'rDrop compares two dropout masks, and dropout is 0: set dropout above 0, or rDrop to 0',
    });
  }
  if (numHiddenLayers !== null && reinitializedLayers > numHiddenLayers) {
    found.push({
      name: 'reinitializedLayers',
      message: `reinitializedLayers ${reinitializedLayers} is more than the ${numHiddenLayers} layers of the base model: take fewer`,
    });
  }
  return found;
}
