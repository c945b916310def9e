import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LearningRateSchedule, type ScheduleName } from './schedule.js';

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
