import { spawn } from 'node:child_process';
import os from 'node:os';
import { createInterface } from 'node:readline';

/** What a process may compute while it waits, as a share of that time, before the other's times are in doubt. */
const IDLE_SHARE = 0.05;

/** How many cores other programs may take before all times are in doubt. */
const OTHERS_CORES = 0.1;

/**
 * A program that trains a few steps when it is told to: our-training.mjs or peers/torch_training.py.
 * It waits without computing while another one is timed; what it does compute then is counted.
 */
export class Program {
  #command;
  #environment;
  #child;
  #lines;
  #errors = '';
  #cpuSeconds = 0;
  #idleSince = 0;
  /** Seconds between commands, and of processor time used in them. */
  idle = { seconds: 0, cpuSeconds: 0 };
  /** Versions and settings, as it tells them first. */
  about;
  /** Largest resident set so far, in bytes. */
  peakBytes = 0;
  /** Memory of the GPU that it took, in bytes, where that was asked for. */
  gpuBytes;

  /**
   * @param {string} name what people call it
   * @param {NodeJS.ProcessEnv} [environment] on top of our own
   */
  constructor(name, command, args, environment = {}) {
    this.name = name;
    this.#command = [command, ...args];
    this.#environment = environment;
  }

  /** Starts it and waits until it is ready for commands. */
  async start() {
    const [command, ...args] = this.#command;
    const env = { ...process.env, ...this.#environment };
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (chunk) => (this.#errors = (this.#errors + chunk).slice(-4000)));
    // A broken pipe shows as the end of its output.
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', (error) => (this.#errors += error.message));
    running.add(this.#child);
    this.#child.once('close', () => running.delete(this.#child));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.about = await this.#answer();
  }

  /** @returns {Promise<{seconds: number[], examples: number[], tokens?: number[], loss: number}>} of each step */
  async train(steps) {
    const before = { cpuSeconds: this.#cpuSeconds, time: this.#idleSince };
    this.#send(0);
    await this.#answer();
    this.idle.seconds += (performance.now() - before.time) / 1000;
    this.idle.cpuSeconds += this.#cpuSeconds - before.cpuSeconds;
    this.#send(steps);
    return this.#answer();
  }

  /** Of processor time that it has used in all. */
  get cpuSeconds() {
    return this.#cpuSeconds;
  }

  async end() {
    if (!running.has(this.#child)) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
  }

  #send(steps) {
    this.#child.stdin.write(`${JSON.stringify({ steps })}\n`);
  }

  async #answer() {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.#command.slice(0, 2).join(' ')} ended:\n${this.#errors}`);
      // Libraries print to standard output too.
      if (!value.startsWith('{')) continue;
      const message = JSON.parse(value);
      this.#cpuSeconds = message.cpuSeconds;
      this.peakBytes = message.peakBytes;
      this.#idleSince = performance.now();
      return message;
    }
  }
}

/** So that none is left behind when we are stopped. */
const running = new Set();
export function endPrograms() {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Runs programs in turn, a few steps each, so that whatever else the machine does falls on all of them.
 * @param {{program: Program, warmup: number, steps: number}[]} sides `warmup` steps are not counted, then `steps` are
 * @param {object} options
 * @param {number} options.rounds into how many turns the steps are divided
 * @param {number} [options.limitSeconds] after the first round, no further one begins later than this
 * @param {() => number} [options.gpuMemoryInUse] asked before a program starts and after its warm-up
 * @returns {Promise<{seconds: number, examples: number}[][]>} the steps of each side
 */
export async function inTurns(sides, { rounds, limitSeconds = Infinity, gpuMemoryInUse }) {
  const started = performance.now();
  for (const { program, warmup } of sides) {
    const before = gpuMemoryInUse?.();
    await program.start();
    await program.train(warmup);
    if (gpuMemoryInUse) program.gpuBytes = gpuMemoryInUse() - before;
  }
  const steps = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && (performance.now() - started) / 1000 > limitSeconds) break;
    // Each goes first as often as last.
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const side of order) {
      const { program, steps: wanted } = sides[side];
      const { seconds, examples } = await program.train(share(wanted, rounds, round));
      seconds.forEach((value, i) => steps[side].push({ seconds: value, examples: examples[i] }));
    }
  }
  return steps;
}

/** Whether a program computed while it should have waited, in words; undefined if it did not. */
export function restlessness(name, { idle }) {
  if (idle.cpuSeconds <= IDLE_SHARE * idle.seconds || idle.cpuSeconds < 0.2) return undefined;
  return `${name} computed for ${idle.cpuSeconds.toFixed(1)} of the ${idle.seconds.toFixed(1)} s in which it waited: the other side's times are too long.`;
}

/**
 * Watches what other programs take of the machine while some are measured.
 * @returns {(programs: Program[]) => string | undefined} says at the end, in words, if it was much
 */
export function watchOthers() {
  const started = { busy: busySeconds(), time: performance.now() };
  return (programs) => {
    const own = programs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    const seconds = (performance.now() - started.time) / 1000;
    const cores = (busySeconds() - started.busy - own) / seconds;
    if (cores <= OTHERS_CORES) return undefined;
    return (
      `other programs took ${cores.toFixed(1)} of ${os.cpus().length} cores. PyTorch suffers from that more than we do ` +
      '(its threads wait for each other): measure again when all is quiet.'
    );
  };
}

/** Seconds that all cores together have worked since the machine started. */
function busySeconds() {
  return (
    os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000
  );
}

/** How many of `total` belong to part `index` of `parts`: all parts together give `total`, and the first has some. */
export function share(total, parts, index) {
  return Math.ceil((total * (index + 1)) / parts) - Math.ceil((total * index) / parts);
}
