import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { OpenTelemetry } from './open-telemetry.js';
import type { Span, SpanOptions } from './span.js';

/** Time for sending the last spans at shutdown, in milliseconds. */
const FAREWELL_MS = 5000;

/** Tracing with OpenTelemetry's SDK, if the environment asks for it. Otherwise it does nothing and costs nothing. */
@Injectable()
export class Tracing implements OnApplicationShutdown {
  /** Loads the SDK only if it is needed, because it takes time and memory. */
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

  /**
   * Starts a trace or joins one.
   * @returns undefined if tracing is off, or the sampler leaves this trace out
   */
  begin(name: string, options: SpanOptions = {}): Span | undefined {
    return this.sdk?.begin(name, options);
  }

  /** Runs last, because spans end up to this moment. */
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
 * Whether the environment asks for traces, by the variables of OpenTelemetry's specification. Unlike the
 * specification, nothing is sent to a collector on this machine unless a variable names it.
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
