import { describe, expect, it } from 'vitest';
import { statelessPhilox } from '../random.js';
import { drawBinomial } from './binomial.js';

describe('drawBinomial', () => {
  // Both algorithms, either side of one half, and the border between them (trials × probability = 10).
  it.each([
    [1, 0.3],
    [12, 0.5],
    [40, 0.02],
    [40, 0.25],
    [40, 0.26],
    [60, 0.9],
    [527, 0.62],
    [100_000, 0.00005],
    [100_000, 0.4],
  ])('%i trials at %f have the mean, variance and skewness that they should', (trials, probability) => {
    const random = statelessPhilox(7, trials);
    const draws = Array.from({ length: 100_000 }, () => drawBinomial(trials, probability, random));
    expect(draws.every((k) => Number.isInteger(k) && k >= 0 && k <= trials)).toBe(true);
    const mean = average(draws);
    const variance = average(draws.map((k) => (k - mean) ** 2));
    const skewness = average(draws.map((k) => (k - mean) ** 3)) / variance ** 1.5;
    const deviation = Math.sqrt(trials * probability * (1 - probability));
    expect(Math.abs(mean - trials * probability) / deviation).toBeLessThan(0.015);
    expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(0.03);
    expect(Math.abs(skewness - (1 - 2 * probability) / deviation)).toBeLessThan(0.06);
  });

  it.each([50, 30])('%i trials come out as often as the formula says', (trials) => {
    const probability = 0.35;
    const random = statelessPhilox(11, trials);
    const count = 200_000;
    const seen = new Float64Array(trials + 1);
    for (let i = 0; i < count; i++) seen[drawBinomial(trials, probability, random)]!++;
    let expected = (1 - probability) ** trials;
    for (let k = 0; k <= trials; k++) {
      const error = Math.sqrt((expected * (1 - expected)) / count);
      expect(Math.abs(seen[k]! / count - expected)).toBeLessThan(5 * error + 1e-5);
      expected *= ((trials - k) / (k + 1)) * (probability / (1 - probability));
    }
  });

  it('knows what is certain', () => {
    const random = statelessPhilox(1, 1);
    expect([drawBinomial(0, 0.5, random), drawBinomial(9, 0, random), drawBinomial(9, 1, random)]).toEqual([
      0, 0, 9,
    ]);
  });
});

function average(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
