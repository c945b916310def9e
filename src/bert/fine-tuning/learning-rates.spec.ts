import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseEncoderConfig } from '../config.js';
import { parameterShapes } from '../weights/parameter-shapes.js';
import { LearningRateSchedule, layerOf, layerwiseScale, type ScheduleName } from './learning-rates.js';

/** What the schedules of transformers give: see test/goldens/README.md. */
const { schedules } = JSON.parse(
  readFileSync(new URL('../../../test/goldens/options.json', import.meta.url), 'utf8'),
) as {
  schedules: {
    name: ScheduleName;
    peak: number;
    totalSteps: number;
    warmupRatio: number;
    learningRates: number[];
  }[];
};

describe('LearningRateSchedule', () => {
  it.each(schedules)(
    '$name over $totalSteps steps with warm-up $warmupRatio is as in transformers',
    ({ name, peak, totalSteps, warmupRatio, learningRates }) => {
      const schedule = new LearningRateSchedule(name, peak, totalSteps, warmupRatio);
      learningRates.forEach((rate, i) => expect(schedule.learningRate(i + 1)).toBeCloseTo(rate, 15));
    },
  );

  it('rounds the warm-up up, as Trainer of transformers does', () => {
    expect(new LearningRateSchedule('linear', 1, 15, 0.1).warmupSteps).toBe(2);
  });
});

describe('layerwiseScale', () => {
  it.each([
    ['head.output.weight', 1],
    ['head.dense.bias', 1],
    ['encoder.layer.11.output.LayerNorm.weight', 0.5],
    ['encoder.layer.10.attention.self.query.weight', 0.25],
    ['encoder.layer.0.intermediate.dense.bias', 0.5 ** 12],
    ['embeddings.word_embeddings.weight', 0.5 ** 13],
    ['embeddings_project.weight', 0.5 ** 13],
  ])('of %s in a model of 12 layers is %f', (name, scale) => {
    expect(layerwiseScale(name, 12, 0.5)).toBe(scale);
    expect(layerwiseScale(name, 12, 1)).toBe(1);
  });

  it.each(['bert', 'distilbert', 'electra', 'roberta'])(
    'knows the layer of every parameter of %s',
    (type) => {
      const config = parseEncoderConfig({ model_type: type });
      const layers = [...parameterShapes(config).keys()].map((name) => layerOf(name, config.numHiddenLayers));
      expect(new Set(layers)).toEqual(
        new Set(Array.from({ length: config.numHiddenLayers + 2 }, (_, i) => i)),
      );
    },
  );

  it('does not guess', () => {
    expect(() => layerOf('pooler.dense.weight', 12)).toThrow('This is a bug');
  });
});
