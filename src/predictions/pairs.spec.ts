import { describe, expect, it } from 'vitest';
import { compare, countPreferences } from './pairs.js';

const judged = (unacceptable: number, acceptable: number) => ({
  acceptable: acceptable > unacceptable,
  score: 1 / (1 + Math.exp(unacceptable - acceptable)),
  logits: [unacceptable, acceptable] as [number, number],
  truncated: false,
  tokens: 8,
});

describe('compare', () => {
  it('prefers the higher log odds', () => {
    const [a, b] = [judged(-1, 1), judged(0.5, 0)];
    expect(compare(a, b)).toEqual({
      preferred: 'a',
      difference: a.score - b.score,
      logOddsDifference: 2.5,
    });
    expect(compare(b, a)).toMatchObject({ preferred: 'b', logOddsDifference: -2.5 });
  });

  it('tells sentences apart whose scores are the same number', () => {
    const [a, b] = [judged(-19, 20), judged(-20, 20)];
    expect(a.score).toBe(b.score);
    expect(compare(a, b)).toMatchObject({ preferred: 'b', difference: 0, logOddsDifference: -1 });
  });

  it('prefers none of two that are equal', () => {
    expect(compare(judged(0, 1), judged(1, 2))).toMatchObject({ preferred: null, logOddsDifference: 0 });
  });
});

it('counts preferences', () => {
  const better = compare(judged(0, 1), judged(1, 0));
  const worse = compare(judged(1, 0), judged(0, 1));
  const equal = compare(judged(1, 0), judged(1, 0));
  expect(countPreferences([better, worse, better, equal])).toEqual({ a: 2, b: 1, equal: 1 });
});
