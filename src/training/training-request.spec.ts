import { describe, expect, it } from 'vitest';
import { defaultHyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import { InvalidInputError } from '../common/errors.js';
import { formValues } from '../api/form-values.js';
import { validated } from '../api/validation.js';
import type { PreparedDataset } from '../datasets/datasets.service.js';
import { TrainingRequestDto } from './dto/training-request.dto.js';
import { assertTrainable, hyperparametersOf, trainingSource, validationSource } from './training-request.js';

const upload = {} as PreparedDataset;
const request = (fields: object) => validated(TrainingRequestDto, fields, 'body');
const form = async (fields: Record<string, string>) => {
  const texts = Object.entries(fields).map(([name, text]) => ({ name, text }));
  return validated(TrainingRequestDto, formValues(TrainingRequestDto, texts), 'form');
};

/** The fields of what is wrong. */
async function fields(promise: Promise<unknown>): Promise<(string | undefined)[]> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInputError);
  return (error as InvalidInputError).errors.map(({ path }) => path?.join('.'));
}

describe('TrainingRequestDto', () => {
  it('has the defaults of the article', async () => {
    expect(await request({})).toEqual({
      baseModel: 'bert-base-uncased',
      priority: 0,
      maxRestarts: 3,
      epochs: 3,
      batchSize: 32,
      learningRate: 3e-5,
      maxLength: 'auto',
      warmupRatio: 0.1,
      weightDecay: 0.01,
      dropout: 0.1,
      maxGradientNorm: 1,
      seed: 42,
      promote: 'auto',
      // What the article does not do is off.
      gradientAccumulationSteps: 1,
      schedule: 'linear',
      layerwiseLearningRateDecay: 1,
      labelSmoothing: 0,
      classWeights: null,
      rDrop: 0,
      reinitializedLayers: 0,
      weightAveraging: 0,
      evaluationSteps: null,
      earlyStoppingPatience: null,
    });
  });

  it('reads the numbers of a form', async () => {
    expect(
      await form({ epochs: ' 4 ', learningRate: '2e-5', maxLength: '64', validationFraction: '.2' }),
    ).toMatchObject({
      epochs: 4,
      learningRate: 2e-5,
      maxLength: 64,
      validationFraction: 0.2,
    });
    expect(await form({ maxLength: 'auto' })).toMatchObject({ maxLength: 'auto' });
  });

  it('reads the options of a form', async () => {
    const options = await form({
      classWeights: '2, .5',
      evaluationSteps: '100',
      earlyStoppingPatience: '3',
      labelSmoothing: '0.1',
      schedule: 'cosine',
    });
    expect(options).toMatchObject({
      classWeights: [2, 0.5],
      evaluationSteps: 100,
      earlyStoppingPatience: 3,
      labelSmoothing: 0.1,
      schedule: 'cosine',
    });
    expect(await form({ classWeights: 'balanced' })).toMatchObject({ classWeights: 'balanced' });
    expect(await fields(form({ classWeights: '2,' }))).toEqual(['classWeights']);
    expect(await fields(form({ classWeights: '1,2,3' }))).toEqual(['classWeights']);
  });

  it.each([
    {
      epochs: 1,
      batchSize: 1,
      learningRate: 1e-12,
      maxLength: 8,
      warmupRatio: 0,
      weightDecay: 0,
      dropout: 0,
      seed: 0,
    },
    {
      epochs: 20,
      batchSize: 256,
      learningRate: 1e-2,
      maxLength: 512,
      warmupRatio: 1,
      weightDecay: 1,
      dropout: 0.9,
    },
    { seed: 2 ** 31 - 1, maxGradientNorm: 1e-3, validationFraction: 0.01 },
    { validationFraction: 0.5, name: 'x'.repeat(100) },
    {
      gradientAccumulationSteps: 64,
      schedule: 'constant',
      layerwiseLearningRateDecay: 1e-3,
      labelSmoothing: 0.9,
      classWeights: [1e-3, 1000],
      rDrop: 10,
      reinitializedLayers: 48,
      weightAveraging: 20,
      evaluationSteps: 1_000_000,
      earlyStoppingPatience: 100,
    },
    { evaluationSteps: 1, earlyStoppingPatience: 1, classWeights: 'balanced' },
    { evaluationSteps: null, earlyStoppingPatience: null, classWeights: null },
  ])('takes the bounds themselves (%#)', async (fields) => {
    expect(await request(fields)).toMatchObject(fields);
  });

  it('says once for each field what is wrong, whatever is', async () => {
    const wrong = {
      epochs: 'x',
      batchSize: -1,
      learningRate: NaN,
      maxLength: 513,
      dropout: Infinity,
      seed: -1,
    };
    expect(await fields(request(wrong))).toEqual([
      'epochs',
      'batchSize',
      'learningRate',
      'maxLength',
      'dropout',
      'seed',
    ]);
    expect(await fields(form({ epochs: 'many', maxLength: '7.5' }))).toEqual(['epochs', 'maxLength']);
    expect(await fields(request({ datasetId: null, validationFraction: null }))).toHaveLength(2);
    const wrongOptions = {
      gradientAccumulationSteps: 0,
      schedule: 'polynomial',
      layerwiseLearningRateDecay: 0,
      labelSmoothing: 1,
      classWeights: [1, 0],
      rDrop: -1,
      reinitializedLayers: null,
      weightAveraging: 1.5,
      evaluationSteps: 0,
      earlyStoppingPatience: '3',
    };
    expect(await fields(request(wrongOptions))).toEqual(Object.keys(wrongOptions));
    for (const classWeights of ['even', [1], [1, 2, 3], [1, '2'], 2, {}, [1, 1001]]) {
      expect(await fields(request({ classWeights }))).toEqual(['classWeights']);
    }
  });
});

describe('where the rows come from', () => {
  it('is a file or a dataset', async () => {
    expect(trainingSource(await request({}), { file: upload })).toEqual({ upload });
    expect(trainingSource(await request({ datasetId: 'ds_1' }), {})).toEqual({ datasetId: 'ds_1' });
    expect(validationSource(await request({}), {})).toBeNull();
    expect(validationSource(await request({ validationDatasetId: 'ds_2' }), {})).toEqual({
      datasetId: 'ds_2',
    });
    expect(validationSource(await request({}), { validationFile: upload })).toEqual({ upload });
  });

  it('is not both, and not nothing', async () => {
    const both = await request({ datasetId: 'ds_1', validationDatasetId: 'ds_2' });
    expect(() => trainingSource(both, { file: upload })).toThrow('exclude each other');
    expect(() => validationSource(both, { validationFile: upload })).toThrow('exclude each other');
    const none = await request({});
    expect(() => trainingSource(none, {})).toThrow('nothing to train on');
  });
});

describe('assertTrainable', () => {
  const statistics = {} as never;
  it('wants both classes, and enough to hold some out', () => {
    expect(() => assertTrainable({ rows: 9, acceptable: 9, unacceptable: 0, statistics }, false)).toThrow(
      'label 0',
    );
    expect(() => assertTrainable({ rows: 9, acceptable: 0, unacceptable: 9, statistics }, false)).toThrow(
      'label 1',
    );
    const two = { rows: 2, acceptable: 1, unacceptable: 1, statistics };
    expect(() => assertTrainable(two, true)).toThrow('too few');
    expect(() => assertTrainable(two, false)).not.toThrow();
    expect(() => assertTrainable({ ...two, rows: 3, acceptable: 2 }, true)).not.toThrow();
  });
});

describe('hyperparametersOf', () => {
  it('hands all hyperparameters on', async () => {
    const {
      maxLength,
      validationFraction: _fraction,
      ...others
    } = hyperparametersOf(await request({}), true);
    expect(maxLength).toBe('auto');
    expect(others).toEqual(defaultHyperparameters);
  });

  it('holds out a tenth unless told otherwise, and nothing beside a validation set', async () => {
    expect(hyperparametersOf(await request({}), true).validationFraction).toBe(0.1);
    expect(hyperparametersOf(await request({ validationFraction: 0.3 }), true).validationFraction).toBe(0.3);
    expect(hyperparametersOf(await request({}), false).validationFraction).toBeNull();
  });
});
