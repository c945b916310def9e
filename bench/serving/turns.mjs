import { watchOthers } from '../turns.mjs';

/** How long nothing is done after a turn: ONNX Runtime's threads look out for work for 35 ms before they sleep. */
const PAUSE_MS = 100;

/**
 * Lets sides do the same in turn, each first as often as last, so that whatever else the machine does falls on all of them.
 * @param {{program: object, turn: (sentences: string[]) => Promise<object>}[]} sides several may be of one program
 * @param {object} options
 * @param {number} options.rounds
 * @param {() => string[]} options.sentences of the next round
 * @returns {Promise<object[][]>} what the turns of each side gave, the processor time (`cpuSeconds`) and number (`count`) of their sentences besides
 */
export async function servingTurns(sides, { rounds, sentences }) {
  const results = sides.map(() => []);
  const programs = [...new Set(sides.map(({ program }) => program))];
  for (let round = 0; round < rounds; round++) {
    const same = sentences();
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const side of order) {
      for (const program of programs) if (program !== sides[side].program) program.rest();
      const { cpuSeconds: before } = sides[side].program;
      const result = await sides[side].turn(same);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const cpuSeconds = sides[side].program.cpuSeconds - before;
      results[side].push({ ...result, cpuSeconds, count: same.length });
      for (const program of programs) program.wake();
    }
  }
  return results;
}

/**
 * Watches what others than `programs` and this process take of the machine.
 * @param {{cpuSeconds: number}[]} programs that run already
 * @returns {() => string | undefined} says at the end, in words, if it was much
 */
export function watchOtherPrograms(programs) {
  const own = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6 + programs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  };
  const before = own();
  const remark = watchOthers();
  return () => remark([{ cpuSeconds: own() - before }]);
}
