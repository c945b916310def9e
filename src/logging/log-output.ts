import { write, writeSync } from 'node:fs';

/** Bytes that may wait to be written: who reads the log may stand still for a while, but not fill the memory. */
const MOST_WAITING = 4 * 2 ** 20;

/** Milliseconds until a write is tried again where the other end takes nothing now. */
const RETRY_MS = 50;

/** A write that takes so many milliseconds waits for a reader that stands still. */
const STUCK_MS = 1000;

/** The other end takes nothing at the moment, and will. */
const BUSY = ['EAGAIN', 'EBUSY', 'EINTR'];

/**
 * Writes what would go to a stream of the process to its file descriptor, beside the event loop. A log that cannot be written
 * (its disk is full, nobody reads it any more) costs lines, which are counted, and nothing else: Node's own streams would end the process, or hold
 * it up until somebody reads.
 */
export class LogOutput {
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private writingSince: number | undefined;
  private untold = 0;
  private lostBefore = 0;

  constructor(
    private readonly descriptor: number,
    private readonly systemWrite: typeof write = write,
  ) {}

  /** Lines that could not be written so far. */
  get lost(): number {
    return this.lostBefore + this.untold;
  }

  write(text: string | Uint8Array): void {
    const bytes = Buffer.from(text);
    if (this.waitingBytes + bytes.length > MOST_WAITING) {
      this.untold += linesOf(bytes);
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.writingSince === undefined) this.writeNext();
  }

  /** Writes what waits before the process ends, unless the other end stands still: then the process would never end. */
  close(): void {
    if (this.writingSince !== undefined && performance.now() - this.writingSince > STUCK_MS) return;
    let rest = this.take();
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.descriptor, rest));
    } catch {
      this.untold += linesOf(rest);
    }
  }

  private take(): Buffer {
    const rest = Buffer.concat(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    return rest;
  }

  private writeNext(): void {
    this.writingSince = undefined;
    if (this.waiting.length > 0) this.writeAll(this.take());
  }

  private writeAll(bytes: Buffer): void {
    this.writingSince ??= performance.now();
    this.systemWrite(this.descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (error && BUSY.includes(error.code ?? '')) {
        setTimeout(() => this.writeAll(bytes), RETRY_MS).unref();
      } else if (error) {
        this.untold += linesOf(bytes);
        this.writeNext();
      } else if (written < bytes.length) {
        this.writeAll(bytes.subarray(written));
      } else {
        this.writeNext();
        this.tell();
      }
    });
  }

  /** That lines are missing, once lines can be written again. */
  private tell(): void {
    if (this.untold === 0) return;
    const message = `${this.untold} lines of the log could not be written.`;
    this.lostBefore += this.untold;
    this.untold = 0;
    this.notice(message);
  }

  /** As the log writes its lines; set by whoever makes them. */
  notice: (message: string) => void = (message) => this.write(`${message}\n`);
}

function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) lines++;
  return Math.max(1, lines);
}

let outputs: readonly LogOutput[] = [];

/** Lines of this process that could not be written, once `captureOutput` was called. */
export function lostLines(): number {
  return outputs.reduce((sum, { lost }) => sum + lost, 0);
}

/** Has all that this process writes to stdout and stderr, its threads and libraries included, go through a `LogOutput`. */
export function captureOutput(notice?: (message: string) => void): void {
  const streams = [process.stdout, process.stderr];
  outputs = streams.map((stream, index) => {
    const output = new LogOutput(index + 1);
    if (notice) output.notice = notice;
    stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
      output.write(
        typeof chunk === 'string' && typeof encoding === 'string'
          ? Buffer.from(chunk, encoding as BufferEncoding)
          : chunk,
      );
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof callback === 'function') queueMicrotask(callback as () => void);
      return true;
    }) as typeof stream.write;
    // What Node itself finds out about the stream is no reason to end either.
    stream.on('error', () => undefined);
    return output;
  });
  process.on('exit', () => {
    for (const output of outputs) output.close();
  });
}
