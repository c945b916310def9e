import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { OpenTelemetry } from './open-telemetry.js';
import type { Span, SpanOptions } from './span.js';

/** How long the last spans may take to be sent when the service ends, in milliseconds. */
const FAREWELL_MS = 5000;

/** OpenTelemetry's SDK, if the environment asks for it; else nothing, which costs nothing. */
@Injectable()
export class Tracing implements OnApplicationShutdown {
  /** The SDK takes a while to load and some memory: only where it is wanted. */
  static async start(environment: Readonly<Record<string, string | undefined>>): Promise<Tracing> {
    if (!asksForTraces(environment)) return new Tracing(undefined);
    const { OpenTelemetry } = await import('./open-telemetry.js');
    new Logger(Tracing.name).log('Requests and trainings are traced, as the variables OTEL_… say');
    return new Tracing(new OpenTelemetry());
  }

  private constructor(private readonly sdk: OpenTelemetry | undefined) {}

  get isOn(): boolean {
    return this.sdk !== undefined;
  }

  /** Begins a trace, or joins one. @returns undefined where nothing is traced, or the sampler leaves this one out */
  begin(name: string, options: SpanOptions = {}): Span | undefined {
    return this.sdk?.begin(name, options);
  }

  /** The last of all: spans end until here. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.sdk) return;
    const late = new AbortController();
    await Promise.race([this.sdk.end(), delay(FAREWELL_MS, undefined, { signal: late.signal })]).catch(
      (error: Error) => new Logger(Tracing.name).warn(`The last spans could not be sent: ${error.message}`),
    );
    late.abort();
  }
}

/**
 * Whether an environment asks for traces, by the variables of OpenTelemetry's specification. Other than there, nothing is sent to
 * a collector on this machine that nobody spoke of.
 */
export function asksForTraces(environment: Readonly<Record<string, string | undefined>>): boolean {
  const value = (name: string) => environment[name]?.trim() ?? '';
  if (value('OTEL_SDK_DISABLED').toLowerCase() === 'true') return false;
  const exporter = value('OTEL_TRACES_EXPORTER');
  if (exporter !== '') return exporter !== 'none';
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => value(name) !== '',
  );
}
