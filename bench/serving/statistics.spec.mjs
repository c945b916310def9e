import { expect, it } from 'vitest';
import { lows, slope } from './statistics.mjs';

it('finds the growth behind outliers', () => {
  const points = Array.from({ length: 20 }, (_, x) => ({ x, y: 2 * x + (x === 7 ? 500 : 3) }));
  expect(slope(points)).toBeCloseTo(2, 10);
  expect(slope([{ x: 1, y: 5 }])).toBe(0);
});

it('finds where a saw stands between its teeth, and by how much that grows', () => {
  const saw = (growth) => Array.from({ length: 60 }, (_, x) => ({ x, y: 100 + 9 * (x % 10) + growth * x }));
  expect(lows(saw(0), 5).map(({ y }) => y)).toEqual([100, 100, 100, 100, 100]);
  expect(slope(lows(saw(0), 5))).toBe(0);
  expect(slope(lows(saw(0.5), 5))).toBeCloseTo(0.5, 10);
});
