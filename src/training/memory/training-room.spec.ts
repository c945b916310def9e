import { describe, expect, it } from 'vitest';
import { roomForTraining, shortage } from './training-room.js';

const GIB = 2 ** 30;
const memory = { total: 8 * GIB, left: 2 * GIB };

describe('roomForTraining', () => {
  it('is what is left, less something to spare, with what will be given back or is held already', () => {
    const { most, now } = roomForTraining(null, 0, memory);
    expect(most).toBeGreaterThan(7.5 * GIB);
    expect(most).toBeLessThan(8 * GIB);
    expect(now).toBeGreaterThan(1.5 * GIB);
    expect(now).toBeLessThan(2 * GIB);
    expect(roomForTraining(null, 3 * GIB, memory).now).toBe(now + 3 * GIB);
  });

  it('is no more than the settings allow, and never less than nothing', () => {
    expect(roomForTraining(GIB, 0, memory)).toEqual({ most: GIB, now: GIB });
    expect(roomForTraining(null, 0, { total: 8 * GIB, left: 0 }).now).toBe(0);
  });

  it('looks at this machine', () => {
    const { most, now } = roomForTraining(null, 0);
    expect(now).toBeGreaterThan(0);
    expect(now).toBeLessThanOrEqual(most);
  });
});

describe('shortage', () => {
  it('is none as long as there is memory', () => {
    expect(shortage(null, 5 * GIB, memory)).toBeNull();
    expect(shortage(6 * GIB, 5 * GIB, memory)).toBeNull();
  });

  it('tells what is held and what to do before nothing is left', () => {
    expect(shortage(null, 5 * GIB, { total: 8 * GIB, left: 0.1 * GIB })).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(
        /held 5\.0 GiB, and of 8\.0 GiB there were 0\.1 GiB left.*smaller batchSize/,
      ),
      param: 'batchSize',
    });
  });

  it('comes later than a training is refused, so that one which was just admitted is not ended', () => {
    const { now } = roomForTraining(null, 0, memory);
    expect(shortage(null, now, { ...memory, left: memory.left - now })).toBeNull();
  });
});
