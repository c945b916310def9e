import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

const never = new AbortController().signal;
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('Turns', () => {
  it('lets so many at a time, in the order in which they came', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3, 4].map((who) =>
      turns.take(() => {
        begun.push(who);
        return new Promise<void>((resolve) => (ends[who] = resolve));
      }, never),
    );
    await tick();
    expect(begun).toEqual([0, 1]);
    ends[1]!();
    await tick();
    expect(begun).toEqual([0, 1, 2]);
    ends[2]!();
    ends[0]!();
    await tick();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    ends[3]!();
    ends[4]!();
    await Promise.all(all);
  });

  it('passes over one who left, and goes on after one whose work failed', async () => {
    const turns = new Turns(1);
    const leaving = new AbortController();
    let fail!: (error: Error) => void;
    const first = turns.take(() => new Promise<void>((_, reject) => (fail = reject)), never);
    const left = turns.take(async () => 'left', leaving.signal);
    const last = turns.take(async () => 'last', never);
    leaving.abort();
    await expect(left).rejects.toThrow('abort');
    fail(new Error('failed'));
    await expect(first).rejects.toThrow('failed');
    expect(await last).toBe('last');
    await expect(turns.take(async () => 'late', leaving.signal)).rejects.toThrow('abort');
    expect(await turns.take(async () => 'again', never)).toBe('again');
  });
});
