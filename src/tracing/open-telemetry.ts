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

/** The same trouble is told once in so many milliseconds: a collector that is away would else be told of every few seconds. */
const SILENCE_MS = 60_000;

/** OpenTelemetry's SDK for Node, set up by its own environment variables alone. */
export class OpenTelemetry {
  private readonly sdk: NodeSDK;
  private readonly tracer: Tracer;

  constructor() {
    // Whoever asks the SDK for its own messages gets them from it.
    if (!process.env.OTEL_LOG_LEVEL) diag.setLogger(new TroubleLogger(), DiagLogLevel.WARN);
    this.sdk = new NodeSDK({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before.
      resource: resources.defaultResource().merge(
        resources.resourceFromAttributes({
          [ATTR_SERVICE_NAME]: 'wellformed',
          [ATTR_SERVICE_VERSION]: buildInfo.version,
        }),
      ),
      // Parents are passed by hand: following every promise of the process would make all of it slower.
      contextManager: null as never,
      // Metrics are Prometheus's, and logs are lines.
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

  /** Sends what has not been sent. */
  async end(): Promise<void> {
    try {
      await this.sdk.shutdown();
    } finally {
      // They are the process's: another service in it may start its own.
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

/** The SDK tells of errors in JSON, with their stacks. */
function messageOf(text: string): string {
  try {
    const { name, message, code } = JSON.parse(text) as { name?: string; message?: string; code?: string };
    return `Traces could not be sent: ${message || code || name || 'no reason given'}`;
  } catch {
    return text;
  }
}
