import os from 'node:os';

/** Share of its waiting time that a program may compute before the times of the other side are in doubt. */
const IDLE_SHARE = 0.05;

/** Number of cores that other programs may use before all times are in doubt. */
const OTHERS_CORES = 0.1;

/**
 * Lets sides take turns. Each is first as often as last, so that other load on the machine affects all of
 * them.
 * @template Side, Result
 * @param {Side[]} sides
 * @param {object} options
 * @param {number} options.rounds
 * @param {number} [options.deadline] only the first round may begin later (`performance.now()`)
 * @param {(side: Side, round: number) => Promise<Result>} options.turn
 * @returns {Promise<Result[][]>} the results of each side, by round
 */
export async function takeTurns(sides, { rounds, deadline = Infinity, turn }) {
  const results = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && performance.now() > deadline) break;
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const side of order) results[side].push(await turn(sides[side], round));
  }
  return results;
}

/**
 * Returns how many of `total` belong to part `index` of `parts`. All parts together have `total`, and the
 * first is not empty.
 */
export function share(total, parts, index) {
  return Math.ceil((total * (index + 1)) / parts) - Math.ceil((total * index) / parts);
}

/**
 * Watches programs while they take turns.
 * @param {string} name of the measurement
 * @param {import('./programs.mjs').MeasuredProgram[]} programs may start later
 * @param {{makesLoad?: boolean}} [options] whether this process belongs to what is measured, because it sends the requests
 * @returns {() => string[]} returns at the end, in words, why the times cannot be trusted
 */
export function watchTurns(name, programs, { makesLoad = false } = {}) {
  const ownSeconds = () => {
    const { user, system } = makesLoad ? process.cpuUsage() : { user: 0, system: 0 };
    return (user + system) / 1e6 + programs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  };
  const started = { busy: busySeconds(), own: ownSeconds(), time: performance.now() };
  return () => {
    const seconds = (performance.now() - started.time) / 1000;
    const cores = (busySeconds() - started.busy - (ownSeconds() - started.own)) / seconds;
    const others =
      cores > OTHERS_CORES
        ? [
            `${name}: other programs took ${cores.toFixed(1)} of ${os.cpus().length} cores. PyTorch suffers from that more than we do ` +
              '(its threads wait for each other): measure again when all is quiet.',
          ]
        : [];
    return [...others, ...programs.flatMap((program) => restlessness(name, program))];
  };
}

/** Whether a program computed while it should have waited. */
function restlessness(work, { name, idle }) {
  if (idle.cpuSeconds <= IDLE_SHARE * idle.seconds || idle.cpuSeconds < 0.2) return [];
  return [
    `${work}: ${name} computed for ${idle.cpuSeconds.toFixed(1)} of the ${idle.seconds.toFixed(1)} s in which it waited: ` +
      "the other side's times are too long.",
  ];
}

/** Seconds that all cores together have worked since the machine started. */
export function busySeconds() {
  return (
    os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000
  );
}
