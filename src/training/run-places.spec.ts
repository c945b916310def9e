import { describe, expect, it } from 'vitest';
import { placesOf } from './run-places.js';

const now = new Date('2026-01-01T12:00:00Z');
const at = (seconds: number) => new Date(Number(now) + 1000 * seconds);
const starts = (...asked: Parameters<typeof placesOf>) =>
  [...placesOf(...asked).values()].map(
    ({ estimatedStart }) => estimatedStart && (Number(estimatedStart) - Number(now)) / 1000,
  );

describe('placesOf', () => {
  it('counts from the next to start, one after another', () => {
    const waiting = [
      { id: 'a', seconds: 10 },
      { id: 'b', seconds: 20 },
      { id: 'c', seconds: 30 },
    ];
    const places = placesOf(waiting, [at(5)], 1, now);
    expect([...places.keys()]).toEqual(['a', 'b', 'c']);
    expect([...places.values()].map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(starts(waiting, [at(5)], 1, now)).toEqual([5, 15, 35]);
    // One that should have ended by now ends any moment, and an empty place is free now.
    expect(starts(waiting, [at(-60)], 1, now)).toEqual([0, 10, 30]);
    expect(starts(waiting, [], 1, now)).toEqual([0, 10, 30]);
  });

  it('gives each the place that is free first', () => {
    const waiting = [1, 2, 3].map((id) => ({ id: String(id), seconds: 10 }));
    expect(starts(waiting, [at(3), at(8)], 2, now)).toEqual([3, 8, 13]);
    expect(starts(waiting, [at(3)], 2, now)).toEqual([0, 3, 10]);
  });

  it('tells no time that depends on an unknown one', () => {
    const waiting = [
      { id: 'a', seconds: null },
      { id: 'b', seconds: 10 },
    ];
    expect(starts(waiting, [at(5)], 1, now)).toEqual([5, null]);
    expect(starts(waiting, [null], 1, now)).toEqual([null, null]);
    expect(starts(waiting, [null, at(5)], 2, now)).toEqual([5, null]);
  });
});
