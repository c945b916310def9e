import { expect, it } from 'vitest';
import { quantile, slope } from './statistics.mjs';

it('takes the smallest value that so many are not above', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 1)).toBe(100);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([2, 1], 0)).toBe(1);
});

it('finds the growth behind outliers', () => {
  const points = Array.from({ length: 20 }, (_, x) => ({ x, y: 2 * x + (x === 7 ? 500 : 3) }));
  expect(slope(points)).toBeCloseTo(2, 10);
  expect(slope([{ x: 1, y: 5 }])).toBe(0);
});
