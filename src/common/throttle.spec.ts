import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Throttle } from './throttle.js';

describe('Throttle', () => {
  let passed: number[];
  let throttle: Throttle<number>;

  beforeEach(() => {
    vi.useFakeTimers();
    passed = [];
    throttle = new Throttle(500, (item) => passed.push(item));
  });
  afterEach(() => vi.useRealTimers());

  it('passes the first at once, then the latest of each interval', () => {
    for (let item = 1; item <= 12; item++) {
      throttle.offer(item);
      vi.advanceTimersByTime(100);
    }
    expect(passed).toEqual([1, 5, 10]);
    vi.advanceTimersByTime(500);
    expect(passed).toEqual([1, 5, 10, 12]);
    vi.advanceTimersByTime(5000);
    expect(passed).toEqual([1, 5, 10, 12]);
  });

  it('passes slow ones all', () => {
    for (let item = 1; item <= 3; item++) {
      throttle.offer(item);
      vi.advanceTimersByTime(600);
    }
    expect(passed).toEqual([1, 2, 3]);
  });

  it('passes what waits when flushed, once', () => {
    throttle.offer(1);
    throttle.offer(2);
    throttle.flush();
    expect(passed).toEqual([1, 2]);
    vi.advanceTimersByTime(1000);
    expect(passed).toEqual([1, 2]);
  });

  it('passes nothing more once closed', () => {
    throttle.offer(1);
    throttle.offer(2);
    throttle.close();
    vi.advanceTimersByTime(1000);
    expect(passed).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
