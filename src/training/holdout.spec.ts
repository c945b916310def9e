import { describe, expect, it } from 'vitest';
import { holdOut } from './holdout.js';

/** 70 acceptable and 30 unacceptable rows, mixed. */
const labels = Array.from({ length: 100 }, (_, row) => (row % 10 < 7 ? 1 : 0));

describe('holdOut', () => {
  it('parts the rows: each is on one side, in order', () => {
    const { training, validation } = holdOut(labels, 0.1, 42);
    expect([...training, ...validation].sort((a, b) => a - b)).toEqual(labels.map((_, row) => row));
    expect(training).toEqual(training.toSorted((a, b) => a - b));
    expect(validation).toEqual(validation.toSorted((a, b) => a - b));
  });

  it('takes the same share of each label', () => {
    const { validation } = holdOut(labels, 0.2, 7);
    expect(validation.filter((row) => labels[row] === 1)).toHaveLength(14);
    expect(validation.filter((row) => labels[row] === 0)).toHaveLength(6);
  });

  it('is settled by the seed', () => {
    expect(holdOut(labels, 0.1, 42)).toEqual(holdOut(labels, 0.1, 42));
    expect(holdOut(labels, 0.1, 42)).not.toEqual(holdOut(labels, 0.1, 43));
  });

  it('holds out every row about equally often', () => {
    const times = new Array<number>(100).fill(0);
    for (let seed = 0; seed < 2000; seed++)
      for (const row of holdOut(labels, 0.1, seed).validation) times[row]!++;
    // Each row is drawn with probability 0.1: 200 times, give or take five standard deviations (13.4 each).
    expect(Math.min(...times)).toBeGreaterThan(133);
    expect(Math.max(...times)).toBeLessThan(267);
  });

  it('holds out one row of a small class, never its last', () => {
    const { training, validation } = holdOut([1, 1, 1, 1, 0, 0], 0.01, 1);
    expect(validation).toHaveLength(2);
    expect(training.some((row) => row >= 4)).toBe(true);
    expect(holdOut([1, 1, 0], 0.5, 1).training).toContain(2);
  });

  it('holds out nothing where each class has one row', () => {
    expect(holdOut([1, 0], 0.5, 1)).toEqual({ training: [0, 1], validation: [] });
  });
});
