import { env, setBackend } from '@tensorflow/tfjs-core';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import os from 'node:os';
import { Worker } from 'node:worker_threads';

const PACKAGE = '@tensorflow/tfjs-backend-wasm';

/** The backend's own bound. */
const MOST_THREADS = 8;

const require = createRequire(import.meta.url);

/**
 * Starts the multi-threaded build of TF.js's WebAssembly backend, which TF.js leaves aside under Node (tensorflow/tfjs#3830).
 * Its loader, which Emscripten generated, stands in the way with two habits from browsers, and is given something else while it
 * loads:
 *
 * - It makes its threads with `new Worker(blobUrl)`, which Node's class does not take. Ours runs the same script, which the
 *   package holds as a file too.
 * - It asks for the number of processors, and takes half of them for hyper-threads.
 *
 * @param threads how many to compute with, the calling one counted
 * @returns whether it is the backend now; if not, the build without threads can still be started
 */
export async function startThreaded(threads: number): Promise<boolean> {
  const { setThreadsCount } = require(PACKAGE) as typeof import('@tensorflow/tfjs-backend-wasm');
  const count = Math.min(threads, MOST_THREADS);
  const pool = new ThreadPool(count - 1);
  setThreadsCount(count);
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  const restoreWorker = replace(globalThis, 'Worker', workerClass(pool));
  const restoreProcessors = replace(os, 'cpus', () => Array.from({ length: 2 * count }));
  try {
    const isStarted = await Promise.race([setBackend('wasm'), pool.failure]);
    if (!isStarted) {
      pool.end();
      env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    }
    return isStarted;
  } finally {
    restoreWorker();
    restoreProcessors();
  }
}

/**
 * What the loader tells a thread. It always makes eight of them and gives each `load`; then it gives `run` to as many as it
 * computes with.
 */
type Command = { cmd: 'load'; urlOrBlob: unknown } | { cmd: 'run' };

/**
 * The threads that compute, beside the one that asks them to. Each has loaded the backend's code before it is taken: whoever takes
 * it then waits for it, and would not hear that it failed.
 */
class ThreadPool {
  /** Settles, with false, when a thread cannot be started. */
  readonly failure: Promise<false>;
  private reportFailure!: () => void;
  private readonly threads: Worker[] = [];
  private readonly loaded: Worker[] = [];

  constructor(private readonly size: number) {
    this.failure = new Promise((resolve) => (this.reportFailure = () => resolve(false)));
  }

  /** Starts one more thread, unless there are enough, and calls back. */
  load(command: Command, onLoaded: () => void): void {
    if (this.threads.length === this.size) return onLoaded();
    const thread = new Worker(threadScript(), { eval: true, execArgv: [], name: 'wasm' });
    this.threads.push(thread);
    thread.on('error', this.reportFailure);
    thread.once('message', () => {
      this.loaded.push(thread);
      onLoaded();
    });
    thread.postMessage({ ...command, urlOrBlob: fileOfPackage('threaded-simd.js') });
  }

  take(): Worker {
    const thread = this.loaded.pop();
    if (!thread) throw new Error('The WebAssembly backend takes too many threads. This is a bug.');
    return thread;
  }

  end(): void {
    for (const thread of this.threads) void thread.terminate();
  }
}

/** What the loader gets for `Worker`. */
function workerClass(pool: ThreadPool): new () => EventEmitter {
  return class extends EventEmitter {
    private thread: Worker | undefined;

    postMessage(command: Command): void {
      if (command.cmd === 'load') {
        // Later, as an answer from a thread comes.
        return pool.load(command, () => setImmediate(() => this.emit('message', { cmd: 'loaded' })));
      }
      this.thread ??= this.take();
      this.thread.postMessage(command);
    }

    private take(): Worker {
      const thread = pool.take();
      thread.on('message', (message) => this.emit('message', message));
      thread.on('error', (error) => this.emit('error', error));
      // It waits for work for ever, and must not keep the process from ending.
      thread.unref();
      return thread;
    }

    /** The loader would keep the process for its threads: these do nothing. */
    ref(): void {}
    unref(): void {}

    terminate(): void {
      void this.thread?.terminate();
    }
  };
}

function threadScript(): string {
  const file = fileOfPackage('threaded-simd.worker.js');
  const { wasmWorkerContents } = require(file) as { wasmWorkerContents: string };
  // The backend mends it likewise: the script was put between backquotes with its escapes left as they were.
  return wasmWorkerContents.replace(/\n/g, '\\n');
}

function fileOfPackage(name: string): string {
  return require.resolve(`${PACKAGE}/wasm-out/tfjs-backend-wasm-${name}`);
}

/** Gives a property another value, which assignments do not change (the loader assigns to `Worker`), until the result is called. */
function replace(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { configurable: true, get: () => value, set: () => undefined });
  return () => {
    if (before) Object.defineProperty(object, name, before);
    else Reflect.deleteProperty(object, name);
  };
}
