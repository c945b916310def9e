import { describe, expect, it } from 'vitest';
import { LinearSchedule } from './schedule.js';

const rates = (steps: number, warmupRatio: number) => {
  const schedule = new LinearSchedule(1, steps, warmupRatio);
  return Array.from({ length: steps }, (_, i) => schedule.learningRate(i + 1));
};

describe('LinearSchedule', () => {
  it('climbs from 0 and falls to 0, as get_linear_schedule_with_warmup(2, 10) of transformers', () => {
    const golden = [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125];
    rates(10, 0.2).forEach((rate, i) => expect(rate).toBeCloseTo(golden[i]!, 12));
  });

  it('starts at its peak without warm-up', () => {
    expect(rates(4, 0)).toEqual([1, 0.75, 0.5, 0.25]);
  });

  it('rounds the warm-up up, as Trainer of transformers does', () => {
    expect(new LinearSchedule(1, 15, 0.1).warmupSteps).toBe(2);
  });
});
