import { inspect } from 'node:util';
import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** How much the log tells: each level, and all before it. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevelName = (typeof logLevels)[number];

export interface ServiceLoggerOptions {
  /** One object a line; else text for people. */
  json: boolean;
  colors: boolean;
  level: LogLevelName;
}

/** What Nest calls the levels. */
const NEST_LEVELS: Readonly<Record<LogLevelName, LogLevel[]>> = {
  error: ['fatal', 'error'],
  warn: ['warn'],
  info: ['log'],
  debug: ['debug', 'verbose'],
};

/** What Nest tells about its own start: a line for every module and route, of interest to nobody who runs the service. */
const FRAMEWORK_CONTEXTS = [
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
];

/**
 * Nest's logger, without its chatter. A message is a sentence that tells all to people; plain objects after it are fields for
 * machines (`requestId`, `runId`, `modelId` …), which stand in JSON lines alone.
 */
export class ServiceLogger extends ConsoleLogger {
  constructor({ json, colors, level }: ServiceLoggerOptions) {
    super({
      json,
      flattenParams: true,
      // Coloured JSON is no JSON.
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
    // A start that fails is told by main.ts, once.
    if (rest.at(-1) === 'ExceptionHandler') return;
    super.error(message, ...rest);
  }

  /** Whatever a message holds, it cannot pass for a line of the log, nor tell a terminal what to do. */
  protected override stringifyMessage(message: unknown, level: LogLevel): string {
    return super.stringifyMessage(plainLine(typeof message === 'string' ? message : inspect(message)), level);
  }

  protected override printStackTrace(stack: string | undefined): void {
    if (stack !== undefined) super.printStackTrace(plainLine(stack));
  }

  protected override stringifyJsonLogObject({ timestamp, level, ...rest }: Record<string, unknown>): string {
    return super.stringifyJsonLogObject({
      timestamp: new Date(timestamp as number).toISOString(),
      // As other programs call it.
      level: level === 'log' ? 'info' : level,
      ...rest,
    });
  }

  /** Without the fields, which Nest would write after the sentence. */
  protected override formatMessage(
    ...[level, message, pid, shownLevel, context, since]: Parameters<ConsoleLogger['formatMessage']>
  ): string {
    return super.formatMessage(level, message, pid, shownLevel, context, since);
  }
}

/** Control characters, what turns the direction of text around, and what some programs take for a line's end. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** One line of the text log. Further lines of a message are indented; what would not be seen is written as its number. */
export function plainLine(text: string): string {
  return text.replace(UNPRINTABLE, (sign) =>
    sign === '\n'
      ? '\n    '
      : sign === '\t'
        ? ' '
        : `\\u${sign.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
