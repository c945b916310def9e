import { Logger } from '@nestjs/common';
import { logLevels, type LogLevelName } from '../logging/service-logger.js';

const CONTEXT = 'Request';

/** Where lines go. */
export interface RequestLines {
  write(line: RequestLine): void;
  close(): void;
}

/** Nothing of what the request held: no sentence, no key, no path and no query, which may have them. */
export interface RequestLine {
  level: 'debug' | 'info' | 'warn';
  message: string;
  fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** Lines for people: through the logger, like all others. */
export class TextRequestLines implements RequestLines {
  private readonly logger = new Logger(CONTEXT);

  write({ level, message, fields }: RequestLine): void {
    const text = `${message} in ${fields.durationMs} ms (${fields.requestId})`;
    this.logger[level === 'info' ? 'log' : level](text);
  }

  close(): void {}
}

/** Lines wait so many milliseconds for others: a system call for each would take longer than making it. */
const GATHER_MS = 50;

const MOST_CHARACTERS = 256 * 1024;

/** Lines for machines, the same as the logger's and many times cheaper: there is one for every request. */
export class JsonRequestLines implements RequestLines {
  private waiting = '';
  private timer: NodeJS.Timeout | undefined;
  private readonly flushed = () => this.flush();

  constructor(private readonly level: LogLevelName) {
    // Also where the process ends for an error.
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
