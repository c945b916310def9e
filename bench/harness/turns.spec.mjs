import { expect, it } from 'vitest';
import { share, takeTurns, watchTurns } from './turns.mjs';

it('lets each side begin every other round', async () => {
  const order = [];
  const turn = async (side, round) => order.push(`${side}${round}`) && round;
  expect(await takeTurns(['a', 'b', 'c'], { rounds: 3, turn })).toEqual([
    [0, 1, 2],
    [0, 1, 2],
    [0, 1, 2],
  ]);
  expect(order).toEqual(['a0', 'b0', 'c0', 'c1', 'b1', 'a1', 'a2', 'b2', 'c2']);
});

it('begins no round after the deadline, but does one', async () => {
  const results = await takeTurns(['a'], { rounds: 3, deadline: 0, turn: async (side) => side });
  expect(results).toEqual([['a']]);
});

it('notices that other programs compute at the same time', () => {
  const compute = () => {
    for (const end = Date.now() + 1_000; Date.now() < end;);
  };
  // Here this process computes, and it is not one of the measured programs.
  const disturbances = watchTurns('work', []);
  compute();
  expect(disturbances()).toEqual([expect.stringMatching(/^work: other programs took \d+\.\d of \d+ cores/)]);
});

it('divides steps over rounds without losing one', () => {
  const parts = Array.from({ length: 4 }, (_, index) => share(10, 4, index));
  expect(parts).toEqual([3, 2, 3, 2]);
  expect([0, 1, 2].map((index) => share(2, 3, index))).toEqual([1, 1, 0]);
});
