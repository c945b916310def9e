import { takeTurns } from '../harness/turns.mjs';

/** Pause after a turn. ONNX Runtime's threads spin for 35 ms before they sleep. */
const PAUSE_MS = 100;

/**
 * Lets sides judge the same sentences in turn, while all other programs rest.
 * @param {{program: object, turn: (sentences: string[]) => Promise<object>}[]} sides several sides may share a program
 * @param {object} options
 * @param {number} options.rounds
 * @param {() => string[]} options.sentences of the next round
 * @returns {Promise<object[][]>} the results of each side's turns, with the processor time (`cpuSeconds`) and number (`count`) of their sentences
 */
export function servingTurns(sides, { rounds, sentences }) {
  const programs = [...new Set(sides.map(({ program }) => program))];
  const byRound = [];
  const turn = async ({ program: own, turn }, round) => {
    const same = (byRound[round] ??= sentences());
    for (const program of programs) if (program !== own) program.rest();
    const { cpuSeconds: before } = own;
    const result = await turn(same);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const cpuSeconds = own.cpuSeconds - before;
    for (const program of programs) program.wake();
    return { ...result, cpuSeconds, count: same.length };
  };
  return takeTurns(sides, { rounds, turn });
}
