import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventLoopShare } from './event-loop-share.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('EventLoopShare', () => {
  it('gives all who share it a few milliseconds of each turn together, first come, first served', async () => {
    const share = new EventLoopShare(5);
    let turn = 0;
    const done: { worker: number; turn: number }[] = [];
    const work = async (worker: number) => {
      for (let piece = 0; piece < 7; piece++) {
        while (share.isUsedUp) await share.nextTurn();
        vi.advanceTimersByTime(1);
        done.push({ worker, turn });
      }
    };
    let working = true;
    const countTurns = () => {
      turn++;
      if (working) setImmediate(countTurns);
    };
    setImmediate(countTurns);
    await Promise.all([0, 1, 2].map(work));
    working = false;
    expect(done).toHaveLength(21);
    for (let i = 0; i <= turn; i++) {
      expect(done.filter((piece) => piece.turn === i).length).toBeLessThanOrEqual(5);
    }
    expect(done.map(({ worker }) => worker)).toEqual(
      [0, 1, 2].flatMap((worker) => Array<number>(7).fill(worker)),
    );
  });

  it('has time again in a later turn, whether anybody waited or not', async () => {
    const share = new EventLoopShare(5);
    expect(share.isUsedUp).toBe(false);
    vi.advanceTimersByTime(5);
    expect(share.isUsedUp).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(share.isUsedUp).toBe(false);
  });
});
