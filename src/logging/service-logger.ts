import { inspect } from 'node:util';
import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** Log levels. Each level includes those before it. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevelName = (typeof logLevels)[number];

export interface ServiceLoggerOptions {
  /** Whether to write one JSON object per line, or text for people. */
  json: boolean;
  colors: boolean;
  level: LogLevelName;
}

/** Nest's names of the levels. */
const NEST_LEVELS: Readonly<Record<LogLevelName, LogLevel[]>> = {
  error: ['fatal', 'error'],
  warn: ['warn'],
  info: ['log'],
  debug: ['debug', 'verbose'],
};

/** Contexts of Nest's startup messages. It logs every module and route, which operators do not need. */
const FRAMEWORK_CONTEXTS = [
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
];

/**
 * Nest's logger without its startup messages. A message is a complete sentence for people. Plain objects
 * after it are fields for machines (`requestId`, `runId`, `modelId` …), which only the JSON lines show.
 */
export class ServiceLogger extends ConsoleLogger {
  constructor({ json, colors, level }: ServiceLoggerOptions) {
    super({
      json,
      flattenParams: true,
      // JSON with colour codes is not valid JSON.
      colors: colors && !json,
      prefix: 'Wellformed',
      logLevels: logLevels.slice(0, logLevels.indexOf(level) + 1).flatMap((name) => NEST_LEVELS[name]),
    });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (FRAMEWORK_CONTEXTS.includes(String(rest.at(-1)))) return;
    super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    // main.ts reports a failed start once.
    if (rest.at(-1) === 'ExceptionHandler') return;
    super.error(message, ...rest);
  }

  /** Escapes a message, so that it cannot look like another log line or send commands to a terminal. */
  protected override stringifyMessage(message: unknown, level: LogLevel): string {
    return super.stringifyMessage(plainLine(typeof message === 'string' ? message : inspect(message)), level);
  }

  protected override printStackTrace(stack: string | undefined): void {
    if (stack !== undefined) super.printStackTrace(plainLine(stack));
  }

  protected override stringifyJsonLogObject({ timestamp, level, ...rest }: Record<string, unknown>): string {
    return super.stringifyJsonLogObject({
      timestamp: new Date(timestamp as number).toISOString(),
      // The name that other programs use.
      level: level === 'log' ? 'info' : level,
      ...rest,
    });
  }

  /** Leaves out the fields, which Nest would write after the sentence. */
  protected override formatMessage(
    ...[level, message, pid, shownLevel, context, since]: Parameters<ConsoleLogger['formatMessage']>
  ): string {
    return super.formatMessage(level, message, pid, shownLevel, context, since);
  }
}

/**
 * Control characters, characters that change the direction of text, and those that some programs take for a
 * line end.
 */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Makes a text safe for the text log. Further lines are indented, and invisible characters are written as
 * their code.
 */
export function plainLine(text: string): string {
  return text.replace(UNPRINTABLE, (sign) =>
    sign === '\n'
      ? '\n    '
      : sign === '\t'
        ? ' '
        : `\\u${sign.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
