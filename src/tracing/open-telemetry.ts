import { Logger } from '@nestjs/common';
import {
  context as contexts,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace as spans,
  type Tracer,
} from '@opentelemetry/api';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { buildInfo } from '../common/build-info.js';
import { hrTime, Span, type SpanOptions } from './span.js';

/**
 * The same problem is logged once in this time, in milliseconds. If a collector is away, the SDK reports it
 * every few seconds.
 */
const SILENCE_MS = 60_000;

/** OpenTelemetry's SDK for Node. It is configured only by its own environment variables. */
export class OpenTelemetry {
  private readonly sdk: NodeSDK;
  private readonly tracer: Tracer;

  constructor() {
    // If OTEL_LOG_LEVEL is set, the SDK prints its own messages.
    if (!process.env.OTEL_LOG_LEVEL) diag.setLogger(new TroubleLogger(), DiagLogLevel.WARN);
    this.sdk = new NodeSDK({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have priority.
      resource: resources.defaultResource().merge(
        resources.resourceFromAttributes({
          [ATTR_SERVICE_NAME]: 'wellformed',
          [ATTR_SERVICE_VERSION]: buildInfo.version,
        }),
      ),
      // Spans receive their parent as an argument. Tracking every promise of the process would slow it down.
      contextManager: null as never,
      // Metrics go to Prometheus, and logs are lines.
      metricReaders: [],
      logRecordProcessors: [],
      instrumentations: [],
    });
    this.sdk.start();
    this.tracer = spans.getTracer('wellformed', buildInfo.version);
  }

  begin(
    name: string,
    { kind = 'INTERNAL', attributes, from = performance.now(), headers, links = [] }: SpanOptions,
  ): Span | undefined {
    const parent = headers ? propagation.extract(ROOT_CONTEXT, headers) : ROOT_CONTEXT;
    const epoch = Date.now() - performance.now();
    const span = this.tracer.startSpan(
      name,
      {
        kind: SpanKind[kind],
        attributes,
        startTime: hrTime(epoch + from),
        links: links.map((context) => ({ context })),
      },
      parent,
    );
    if (!span.isRecording()) return undefined;
    return new Span(this.tracer, span, spans.setSpan(parent, span), epoch);
  }

  /** Sends all remaining spans. */
  async end(): Promise<void> {
    try {
      await this.sdk.shutdown();
    } finally {
      // These are global. Another service in this process may start its own.
      for (const one of [spans, propagation, contexts, diag]) one.disable();
    }
  }
}

class TroubleLogger {
  private readonly logger = new Logger('OpenTelemetry');
  private last = { message: '', at: -Infinity };

  readonly error = (message: string) => this.tell(message);
  readonly warn = (message: string) => this.tell(message);
  readonly info = () => {};
  readonly debug = () => {};
  readonly verbose = () => {};

  private tell(text: string): void {
    const message = messageOf(text);
    const now = performance.now();
    if (message === this.last.message && now - this.last.at < SILENCE_MS) return;
    this.last = { message, at: now };
    this.logger.warn(message);
  }
}

/** The SDK reports errors as JSON with stacks. */
function messageOf(text: string): string {
  try {
    const { name, message, code } = JSON.parse(text) as { name?: string; message?: string; code?: string };
    return `Traces could not be sent: ${message || code || name || 'no reason given'}`;
  } catch {
    return text;
  }
}
