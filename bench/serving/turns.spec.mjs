import { expect, it } from 'vitest';
import { servingTurns } from './turns.mjs';

it('gives all sides the same sentences, each first in every other round, and lets those rest whose turn it is not', async () => {
  const log = [];
  const program = (name) => ({
    rest: () => log.push(`${name} rests`),
    wake: () => {},
    cpuSeconds: 0,
  });
  const [one, other] = [program('one'), program('other')];
  const side = (program, name) => ({
    program,
    turn: async (sentences) => {
      log.push(`${name} ${sentences}`);
      program.cpuSeconds += 2;
      return { gave: `${name} ${sentences}` };
    },
  });
  let round = 0;
  const results = await servingTurns([side(one, 'a'), side(one, 'b'), side(other, 'c')], {
    rounds: 2,
    sentences: () => [`s${round++}`],
  });
  const turn = (gave) => ({ gave, cpuSeconds: 2, count: 1 });
  expect(results).toEqual([
    [turn('a s0'), turn('a s1')],
    [turn('b s0'), turn('b s1')],
    [turn('c s0'), turn('c s1')],
  ]);
  expect(log).toEqual([
    ...['other rests', 'a s0', 'other rests', 'b s0', 'one rests', 'c s0'],
    ...['one rests', 'c s1', 'other rests', 'b s1', 'other rests', 'a s1'],
  ]);
});
