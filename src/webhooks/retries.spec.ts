import { describe, expect, it } from 'vitest';
import { mayTryAgain, MOST_ATTEMPTS, retryAfterOf, retryTime } from './retries.js';

const now = new Date('2026-01-01T00:00:00.000Z');
const secondsUntil = (time: Date) => (Number(time) - Number(now)) / 1000;
const pauses = (random: number) =>
  Array.from({ length: MOST_ATTEMPTS - 1 }, (_, i) => secondsUntil(retryTime(now, i + 1, 0, random)));

describe('the schedule of attempts', () => {
  it('has pauses three times as long each time, and ends after about a day', () => {
    expect(pauses(0.5)).toEqual([10, 30, 90, 270, 810, 2430, 7290, 21_870, 65_610]);
    const hours = pauses(0.5).reduce((sum, pause) => sum + pause) / 3600;
    expect(hours).toBeGreaterThan(24);
    expect(hours).toBeLessThan(30);
    expect([mayTryAgain(MOST_ATTEMPTS - 1), mayTryAgain(MOST_ATTEMPTS)]).toEqual([true, false]);
  });

  it('is blurred by up to a fifth', () => {
    expect(pauses(0)[0]).toBeCloseTo(8);
    expect(pauses(1)[0]).toBeCloseTo(12);
    const drawn = new Set(Array.from({ length: 20 }, () => Number(retryTime(now, 9, 0))));
    expect(drawn.size).toBeGreaterThan(1);
  });

  it('heeds what the receiver asks for, up to a day', () => {
    expect(secondsUntil(retryTime(now, 1, 120, 0.5))).toBe(120);
    expect(secondsUntil(retryTime(now, 3, 60, 0.5))).toBe(90);
    expect(secondsUntil(retryTime(now, 1, 1e8, 0.5))).toBe(86_400);
  });
});

it.each([
  [undefined, 0],
  ['120', 120],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
  ['Thu, 01 Jan 2025 00:01:00 GMT', 0],
  ['-5', 0],
  ['soon', 0],
])('Retry-After: %s asks for %i seconds', (header, seconds) => {
  expect(retryAfterOf(header, now)).toBe(seconds);
});
