import { describe, expect, it } from 'vitest';
import { LeastRecentlyUsed } from './least-recently-used.js';

describe('LeastRecentlyUsed', () => {
  it('forgets what was not asked for longest', () => {
    const recent = new LeastRecentlyUsed<number>(2);
    recent.set('a', 1);
    recent.set('b', 2);
    expect(recent.get('a')).toBe(1);
    recent.set('c', 3);
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3]);
    recent.set('a', 4);
    recent.set('d', 5);
    expect([recent.get('a'), recent.get('c'), recent.get('d')]).toEqual([4, undefined, 5]);
  });

  it('remembers nothing where there is no room', () => {
    const recent = new LeastRecentlyUsed<number>(0);
    recent.set('a', 1);
    expect(recent.get('a')).toBeUndefined();
  });
});
