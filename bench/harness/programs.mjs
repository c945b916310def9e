import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { createInterface } from 'node:readline';

/** How long a program may take to start. */
const START_SECONDS = 300;

/** How long a program may take to end before it is killed. */
const END_SECONDS = 30;

const running = new Set();

/** Kills the programs that are still running. */
export function killPrograms() {
  for (const child of running) child.kill('SIGKILL');
}

/** Leaves no program behind when this process ends or is stopped. */
export function killProgramsAtExit() {
  process.once('exit', killPrograms);
  // A signal alone runs no exit handler.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
}

/** A program that is measured: its lines are read, and what it takes of the machine. */
export class MeasuredProgram {
  #command;
  #environment;
  #child;
  #lines;
  #log = '';
  #quietSince;
  /** Seconds in which it had nothing to do, and of processor time used in them. */
  idle = { seconds: 0, cpuSeconds: 0 };
  /** When it was started (`performance.now()`). */
  startedAt = 0;

  /**
   * @param {string} name what people call it
   * @param {string[]} command program and arguments
   * @param {NodeJS.ProcessEnv} [environment] on top of our own
   */
  constructor(name, command, environment = {}) {
    this.name = name;
    this.#command = command;
    this.#environment = environment;
  }

  /**
   * Starts it and waits until it is ready.
   * @template T
   * @param {(line: string) => T | undefined} read the line that says so
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
    // A broken pipe shows as the end of its output.
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

  /** The next line for which `read` gives anything but undefined, as `read` gives it. */
  async line(read) {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.name} ended:\n${this.#log}`);
      const found = read(value);
      if (found !== undefined) return found;
    }
  }

  /** Discards what it prints, once no line is waited for any more. */
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

  /** The last of what it printed. */
  get log() {
    return this.#log;
  }

  /** Seconds of processor time so far; 0 where the system does not say. */
  get cpuSeconds() {
    return running.has(this.#child) ? cpuSecondsOf(this.#child.pid) : 0;
  }

  /** Resident bytes; undefined where the system does not say. */
  get residentBytes() {
    return residentBytesOf(this.#child.pid);
  }

  /** From now on it has nothing to do. */
  rest() {
    this.#quietSince = { time: performance.now(), cpuSeconds: this.cpuSeconds };
  }

  /** From now on it has. */
  wake() {
    if (!this.#quietSince) return;
    this.idle.seconds += (performance.now() - this.#quietSince.time) / 1000;
    this.idle.cpuSeconds += this.cpuSeconds - this.#quietSince.cpuSeconds;
    this.#quietSince = undefined;
  }

  /** Asks it to end, and waits until it has. */
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

/** A line of JSON, among lines that libraries print. */
export function json(line) {
  return line.startsWith('{') ? JSON.parse(line) : undefined;
}

/** Whether the system tells what other processes take: Linux. */
export const seesProcesses = os.platform() === 'linux';

/** Linux counts in hundredths of a second, whatever the machine (`USER_HZ`). */
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
