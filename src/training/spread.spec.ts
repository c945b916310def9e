import { expect, it } from 'vitest';
import { spread } from './spread.js';

const upTo = (length: number) => Array.from({ length }, (_, index) => index);

it.each([
  [0, 2],
  [1, 2],
  [5, 5],
  [6, 5],
  [7, 2],
  [1001, 1000],
  [72_000, 1000],
])('of %i items gives at most %i, evenly, in order, with both ends', (length, most) => {
  const items = upTo(length);
  const chosen = spread(items, most);
  expect(chosen).toHaveLength(Math.min(length, most));
  expect(new Set(chosen).size).toBe(chosen.length);
  expect([chosen[0], chosen.at(-1)]).toEqual([items[0], items.at(-1)]);
  const gaps = chosen.slice(1).map((item, index) => item - chosen[index]!);
  if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  expect(Math.min(1, ...gaps)).toBe(1);
});
