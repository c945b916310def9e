import { Logger } from '@nestjs/common';
import { logLevels, type LogLevelName } from '../logging/service-logger.js';

const CONTEXT = 'Request';

/** Destination of request lines. */
export interface RequestLines {
  write(line: RequestLine): void;
  close(): void;
}

/** It omits all content of the request: no sentence, key, path or query, since they may be private. */
export interface RequestLine {
  level: 'debug' | 'info' | 'warn';
  message: string;
  fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** Lines for people, through the logger like all others. */
export class TextRequestLines implements RequestLines {
  private readonly logger = new Logger(CONTEXT);

  write({ level, message, fields }: RequestLine): void {
    const text = `${message} in ${fields.durationMs} ms (${fields.requestId})`;
    this.logger[level === 'info' ? 'log' : level](text);
  }

  close(): void {}
}

/** Lines are collected for this many milliseconds: a system call for each would cost more than the line. */
const GATHER_MS = 50;

const MOST_CHARACTERS = 256 * 1024;

/** Lines for machines, in the logger's format but much cheaper, since every request has one. */
export class JsonRequestLines implements RequestLines {
  private waiting = '';
  private timer: NodeJS.Timeout | undefined;
  private readonly flushed = () => this.flush();

  constructor(private readonly level: LogLevelName) {
    // Also when an error ends the process.
    process.once('exit', this.flushed);
  }

  write({ level, message, fields }: RequestLine): void {
    if (logLevels.indexOf(level) > logLevels.indexOf(this.level)) return;
    const timestamp = new Date().toISOString();
    this.waiting += `${JSON.stringify({ timestamp, level, pid: process.pid, message, context: CONTEXT, ...fields })}\n`;
    if (this.waiting.length > MOST_CHARACTERS) this.flush();
    else this.timer ??= setTimeout(this.flushed, GATHER_MS).unref();
  }

  close(): void {
    this.flush();
    process.removeListener('exit', this.flushed);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting !== '') process.stdout.write(this.waiting);
    this.waiting = '';
  }
}
