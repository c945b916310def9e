import { fileURLToPath } from 'node:url';
import { PEER_ENVIRONMENT } from '../harness/peer.mjs';
import { json, MeasuredProgram } from '../harness/programs.mjs';
import { share, takeTurns } from '../harness/turns.mjs';
import { gpuEnvironment } from './gpu.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** A program that trains a few steps on command. It waits without computing while another program is timed. */
export class TrainingProgram extends MeasuredProgram {
  #cpuSeconds = 0;
  /** Versions and settings, which it reports first. */
  about;
  /** Peak of the resident set, in bytes. */
  peakBytes = 0;
  /** GPU memory that it took, in bytes, if that was requested. */
  gpuBytes;

  async start() {
    this.about = this.#answered(await this.startUntil(json));
    this.rest();
  }

  /** @returns {Promise<{seconds: number[], examples: number[], tokens?: number[], loss: number}>} results of each step */
  async train(steps) {
    // It reports its processor time only with an answer.
    this.#answered(await this.ask({ steps: 0 }));
    this.wake();
    const result = this.#answered(await this.ask({ steps }));
    this.rest();
    return result;
  }

  /** The program's own count, which works on every system. */
  get cpuSeconds() {
    return this.#cpuSeconds;
  }

  #answered(message) {
    this.#cpuSeconds = message.cpuSeconds;
    this.peakBytes = message.peakBytes;
    return message;
  }
}

/**
 * The service's training: our-training.mjs.
 * @param {{model: string, data: string, engine: string, batchSize: number, precision?: 'float32' | 'tf32'}} options `precision`: on the GPU
 */
export function ourTraining({ model, data, engine, batchSize, precision }) {
  const options = ['--model', model, '--data', data, '--engine', engine, '--batch-size', String(batchSize)];
  const environment = precision && gpuEnvironment(precision);
  return new TrainingProgram('ours', [process.execPath, here('our-training.mjs'), ...options], environment);
}

/**
 * PyTorch's: peers/torch_training.py.
 * @param {string} python
 * @param {object} options
 * @param {string} options.model
 * @param {string} options.data
 * @param {string[]} [options.args] of the program
 * @param {'float32' | 'tf32'} [options.precision] on the GPU
 * @param {NodeJS.ProcessEnv} [options.environment]
 * @param {string} [options.name]
 */
export function peerTraining(
  python,
  { model, data, args = [], precision, environment = PEER_ENVIRONMENT, name = 'PyTorch' },
) {
  const device = precision ? ['--device', 'cuda', '--precision', precision] : [];
  const command = [python, here('../peers/torch_training.py'), '--model', model, '--data', data];
  return new TrainingProgram(name, [...command, ...args, ...device], {
    ...environment,
    ...(precision && gpuEnvironment(precision)),
  });
}

/**
 * Times the steps of programs that take turns of a few steps each.
 * @param {{program: TrainingProgram, warmup: number, steps: number}[]} sides `warmup` steps are not counted, the following `steps` are
 * @param {object} options
 * @param {number} options.rounds number of turns into which the steps are divided
 * @param {number} [options.limitSeconds] after the first round, no further one begins later than this
 * @param {() => number} [options.gpuMemoryInUse] called before a program starts and after its warm-up
 * @returns {Promise<{seconds: number, examples: number}[][]>} the steps of each side
 */
export async function timeSteps(sides, { rounds, limitSeconds = Infinity, gpuMemoryInUse }) {
  const deadline = performance.now() + 1000 * limitSeconds;
  for (const { program, warmup } of sides) {
    const before = gpuMemoryInUse?.();
    await program.start();
    await program.train(warmup);
    if (gpuMemoryInUse) program.gpuBytes = gpuMemoryInUse() - before;
  }
  const turns = await takeTurns(sides, {
    rounds,
    deadline,
    turn: ({ program, steps }, round) => program.train(share(steps, rounds, round)),
  });
  return turns.map((side) =>
    side.flatMap(({ seconds, examples }) =>
      seconds.map((value, i) => ({ seconds: value, examples: examples[i] })),
    ),
  );
}
