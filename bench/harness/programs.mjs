import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { createInterface } from 'node:readline';

/** Timeout for the start of a program, in seconds. */
const START_SECONDS = 300;

/** Time for a program to end before it is killed, in seconds. */
const END_SECONDS = 30;

const running = new Set();

/** Kills the programs that are still running. */
export function killPrograms() {
  for (const child of running) child.kill('SIGKILL');
}

/** Kills all programs when this process ends or is stopped. */
export function killProgramsAtExit() {
  process.once('exit', killPrograms);
  // A signal alone does not run exit handlers.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
}

/** A program that is measured. Its output lines are read, and its use of the machine is recorded. */
export class MeasuredProgram {
  #command;
  #environment;
  #child;
  #lines;
  #log = '';
  #quietSince;
  /** Seconds in which it had nothing to do, and the processor time that it used in them. */
  idle = { seconds: 0, cpuSeconds: 0 };
  /** Start time (`performance.now()`). */
  startedAt = 0;

  /**
   * @param {string} name name for people
   * @param {string[]} command program and arguments
   * @param {NodeJS.ProcessEnv} [environment] in addition to ours
   */
  constructor(name, command, environment = {}) {
    this.name = name;
    this.#command = command;
    this.#environment = environment;
  }

  /**
   * Starts the program and waits until it is ready.
   * @template T
   * @param {(line: string) => T | undefined} read returns a value for the line that says that it is ready
   * @returns {Promise<T>}
   */
  async startUntil(read) {
    const [command, ...args] = this.#command;
    const env = { ...process.env, ...this.#environment };
    this.startedAt = performance.now();
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#child.once('close', () => running.delete(this.#child));
    this.#child.on('error', (error) => this.#keep(error.message));
    // A broken pipe is noticed as the end of its output.
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (chunk) => this.#keep(String(chunk)));
    this.#child.stdout.on('data', (chunk) => this.#keep(String(chunk)));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.name} did not start in ${START_SECONDS} s:\n${this.#log}`)),
        1000 * START_SECONDS,
      );
    });
    try {
      return await Promise.race([this.line(read), late]);
    } catch (error) {
      await this.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns the result of `read` for the next line for which it is not undefined. */
  async line(read) {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.name} ended:\n${this.#log}`);
      const found = read(value);
      if (found !== undefined) return found;
    }
  }

  /** Discards the output when no line is expected any more. */
  ignoreLines() {
    void (async () => {
      while (!(await this.#lines.next()).done);
    })();
  }

  /** Sends a line of JSON and waits for one. */
  async ask(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    return this.line(json);
  }

  /** The last lines of its output. */
  get log() {
    return this.#log;
  }

  /** Processor time so far, in seconds; 0 if the system does not report it. */
  get cpuSeconds() {
    return running.has(this.#child) ? cpuSecondsOf(this.#child.pid) : 0;
  }

  /** Resident memory in bytes; undefined if the system does not report it. */
  get residentBytes() {
    return residentBytesOf(this.#child.pid);
  }

  /** Marks the start of a time in which the program has nothing to do. */
  rest() {
    this.#quietSince = { time: performance.now(), cpuSeconds: this.cpuSeconds };
  }

  /** Marks the end of that time. */
  wake() {
    if (!this.#quietSince) return;
    this.idle.seconds += (performance.now() - this.#quietSince.time) / 1000;
    this.idle.cpuSeconds += this.cpuSeconds - this.#quietSince.cpuSeconds;
    this.#quietSince = undefined;
  }

  /** Asks the program to end and waits for it. */
  async end() {
    if (!running.has(this.#child)) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    this.#child.stdin.end();
    const timeout = setTimeout(() => this.#child.kill('SIGKILL'), 1000 * END_SECONDS);
    await ended;
    clearTimeout(timeout);
  }

  #keep(text) {
    this.#log = (this.#log + text).slice(-4000);
  }
}

/** Parses a line of JSON. Libraries may print other lines in between. */
export function json(line) {
  return line.startsWith('{') ? JSON.parse(line) : undefined;
}

/** Whether the system reports the resources of other processes, as Linux does. */
export const seesProcesses = os.platform() === 'linux';

/** Linux counts in hundredths of a second on every machine (`USER_HZ`). */
function cpuSecondsOf(pid) {
  const fields = readProcess(pid, 'stat')
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / 100 : 0;
}

function residentBytesOf(pid) {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readProcess(pid, 'status') ?? '');
  return match ? 1024 * Number(match[1]) : undefined;
}

function readProcess(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
