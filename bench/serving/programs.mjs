import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { post } from './load.mjs';

/** How long a program may take to start. */
const START_SECONDS = 120;

const running = new Set();

/** So that none is left behind when we are stopped. */
export function endPrograms() {
  for (const child of running) child.kill('SIGKILL');
}

/** A program that is measured: its lines are read, and what it takes of the machine. */
class MeasuredProgram {
  #child;
  #lines;
  #log = '';
  #idle = { seconds: 0, cpuSeconds: 0 };
  #quietSince;

  /** @param {string} name what people call it */
  constructor(name, command, args, environment = {}) {
    this.name = name;
    const env = { ...process.env, ...environment };
    this.startedAt = performance.now();
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#child.once('close', () => running.delete(this.#child));
    this.#child.on('error', (error) => this.#keep(error.message));
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (chunk) => this.#keep(String(chunk)));
    this.#child.stdout.on('data', (chunk) => this.#keep(String(chunk)));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
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

  /** Lets what it prints go by, once no line is waited for any more. */
  ignoreLines() {
    void (async () => {
      while (!(await this.#lines.next()).done);
    })();
  }

  send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
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
    this.#idle.seconds += (performance.now() - this.#quietSince.time) / 1000;
    this.#idle.cpuSeconds += this.cpuSeconds - this.#quietSince.cpuSeconds;
    this.#quietSince = undefined;
  }

  /** Seconds in which it had nothing to do, and of processor time used in them. */
  get idle() {
    return this.#idle;
  }

  /** Asks it to end, and waits until it has. */
  async end() {
    if (!running.has(this.#child)) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    this.#child.stdin.end();
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(patience);
  }

  #keep(text) {
    this.#log = (this.#log + text).slice(-4000);
  }
}

/** The service as it was built, in a process of its own. */
export class Service extends MeasuredProgram {
  url;
  /** Milliseconds from its start until it listened. */
  listening = 0;
  /** What is asked of it, besides the sentence. */
  fields = {};

  /**
   * @param {Record<string, string>} settings
   * @param {string[]} [nodeOptions]
   */
  static async start(settings, nodeOptions = []) {
    const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
    const service = new Service('the service', process.execPath, [...nodeOptions, program], {
      WELLFORMED_HOST: '127.0.0.1',
      WELLFORMED_PORT: '0',
      WELLFORMED_LOG_FORMAT: 'json',
      NO_COLOR: '1',
      ...settings,
    });
    service.url = await within(
      START_SECONDS,
      service,
      service.line((line) => /Listening on (http:\S+),/.exec(line)?.[1]),
    );
    service.listening = performance.now() - service.startedAt;
    service.ignoreLines();
    return service;
  }

  /** @returns {Promise<object>} the judgement */
  async predict(sentence, fields = {}) {
    const { status, text } = await post(`${this.url}/predict`, { sentence, ...fields });
    if (status !== 200) throw new Error(`POST /predict answered ${status}: ${text}\n${this.log}`);
    return JSON.parse(text);
  }

  /** Asks for JSON. @throws Error unless the answer is one of success. */
  async ask(method, path, body) {
    const json = body !== undefined && !(body instanceof FormData);
    const response = await fetch(`${this.url}${path}`, {
      method,
      body: json ? JSON.stringify(body) : body,
      headers: json ? { 'content-type': 'application/json' } : {},
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text.startsWith('{') ? JSON.parse(text) : text;
  }

  /** A value of its metrics page. @param {string} name with its labels; undefined where it is not there */
  async metrics(...names) {
    const page = await this.ask('GET', '/metrics');
    const values = new Map();
    for (const line of page.split('\n').filter((text) => text !== '' && !text.startsWith('#'))) {
      const [, name, labels, value] = /^(\w+)(\{.*\})? (\S+)/.exec(line);
      if (labels) values.set(name + labels, Number(value));
      values.set(name, (values.get(name) ?? 0) + Number(value));
    }
    return names.map((name) => values.get(name));
  }

  /**
   * Starts a training.
   * @param {string} rows a file of CoLA's form
   * @param {Record<string, string | number>} fields of POST /train
   */
  train(rows, fields) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
    form.set('file', new Blob([rows]), 'bench.tsv');
    return this.ask('POST', '/train', form);
  }

  /** Waits until a run is as `wanted` says. @throws Error if it fails, or ends without having been so */
  async run(id, wanted) {
    for (;;) {
      const run = await this.ask('GET', `/train/${id}`);
      if (wanted(run)) return run;
      if (['failed', 'cancelled', 'interrupted', 'succeeded'].includes(run.status)) {
        throw new Error(`The training ${run.status}: ${JSON.stringify(run.error)}\n${this.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** PyTorch behind FastAPI: peers/torch_serving.py. */
export class Peer extends MeasuredProgram {
  url;
  about;

  static async start(python, { model, threads, environment, args = [] }) {
    const program = fileURLToPath(new URL('../peers/torch_serving.py', import.meta.url));
    const peer = new Peer(
      'PyTorch',
      python,
      [program, '--model', model, '--threads', String(threads), ...args],
      environment,
    );
    peer.about = await within(START_SECONDS, peer, peer.line(json));
    peer.url = peer.about.url;
    peer.ignoreLines();
    return peer;
  }

  async predict(sentence) {
    const { status, text } = await post(`${this.url}/predict`, { sentence });
    if (status !== 200) throw new Error(`PyTorch answered ${status}: ${text}\n${this.log}`);
    return JSON.parse(text);
  }
}

/** ONNX Runtime alone: onnxruntime.mjs. */
export class BareRuntime extends MeasuredProgram {
  static async start({ model, threads, tokensPerBatch }) {
    const program = fileURLToPath(new URL('onnxruntime.mjs', import.meta.url));
    const options = [
      '--model',
      model,
      '--threads',
      String(threads),
      '--tokens-per-batch',
      String(tokensPerBatch),
    ];
    const bare = new BareRuntime('ONNX Runtime', process.execPath, [program, ...options]);
    await within(START_SECONDS, bare, bare.line(json));
    return bare;
  }

  /** @param {number[][]} sentences token ids; one after another */
  single(sentences) {
    this.send({ single: sentences });
    return this.line(json);
  }

  /** @param {number[][]} sentences token ids; in the best batches */
  ideal(sentences) {
    this.send({ ideal: sentences });
    return this.line(json);
  }
}

/** The least that a server can be: node-http.mjs. */
export class LeastServer extends MeasuredProgram {
  url;

  static async start({ model, variant, threads }) {
    const program = fileURLToPath(new URL('node-http.mjs', import.meta.url));
    const options = ['--model', model, '--variant', variant, '--threads', String(threads)];
    const server = new LeastServer('node:http', process.execPath, [program, ...options]);
    const { url } = await within(START_SECONDS, server, server.line(json));
    server.url = url;
    server.ignoreLines();
    return server;
  }
}

function json(line) {
  return line.startsWith('{') ? JSON.parse(line) : undefined;
}

function within(seconds, program, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${program.name} did not start in ${seconds} s:\n${program.log}`)),
      1000 * seconds,
    );
  });
  return Promise.race([promise, late])
    .catch(async (error) => {
      await program.end();
      throw error;
    })
    .finally(() => clearTimeout(timer));
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
