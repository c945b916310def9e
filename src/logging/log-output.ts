import { write, writeSync } from 'node:fs';

/**
 * The maximum number of bytes that wait to be written. A log reader may pause for a while, but the waiting
 * lines must not fill the memory.
 */
const MOST_WAITING = 4 * 2 ** 20;

/** Milliseconds before a write is tried again when the other end is busy. */
const RETRY_MS = 50;

/** Milliseconds after which a write counts as stuck, because the reader has stopped. */
const STUCK_MS = 1000;

/** Error codes of an end that is busy for the moment. */
const BUSY = ['EAGAIN', 'EBUSY', 'EINTR'];

/**
 * Writes the output of a process stream to its file descriptor without blocking the event loop. If the log
 * cannot be written (the disk is full, or nobody reads it), lines are lost and counted, and nothing else
 * happens. Node's own streams would end the process, or block it until somebody reads.
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

  /** Number of lines that could not be written so far. */
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

  /**
   * Writes the waiting lines before the process ends. It skips a stuck reader, because the process would then
   * never end.
   */
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

  /** Reports lost lines once writing works again. */
  private tell(): void {
    if (this.untold === 0) return;
    const message = `${this.untold} lines of the log could not be written.`;
    this.lostBefore += this.untold;
    this.untold = 0;
    this.notice(message);
  }

  /** Writes the report about lost lines. The owner can replace it, so that the report looks like other log lines. */
  notice: (message: string) => void = (message) => this.write(`${message}\n`);
}

function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) lines++;
  return Math.max(1, lines);
}

let outputs: readonly LogOutput[] = [];

/** Number of lines of this process that were lost since `captureOutput` was called. */
export function lostLines(): number {
  return outputs.reduce((sum, { lost }) => sum + lost, 0);
}

/**
 * Sends everything that this process, its threads and its libraries write to stdout and stderr through a
 * `LogOutput`.
 */
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
    // An error of the stream itself must not end the process either.
    stream.on('error', () => undefined);
    return output;
  });
  process.on('exit', () => {
    for (const output of outputs) output.close();
  });
}
