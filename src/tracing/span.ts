import {
  SpanStatusCode,
  trace as spans,
  type Attributes,
  type Context,
  type HrTime,
  type Span as OtelSpan,
  type SpanContext,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';

export type { Attributes, SpanContext };

export interface SpanOptions {
  kind?: keyof typeof SpanKind;
  attributes?: Attributes;
  /** Start time on the clock of `performance.now()`. Default: now. */
  from?: number;
  /** Headers whose `traceparent` may name the trace to join. */
  headers?: object;
  /** Related spans of other traces. */
  links?: readonly SpanContext[];
}

/** An error, or its type. The message of an error stays out of the trace because it may hold what a client sent. */
export type Failure = Error | string;

/**
 * A running span. All times are on the clock of `performance.now()`. A span can be created after the work is
 * done, so the measured code does not need to know about tracing.
 */
export class Span {
  constructor(
    private readonly tracer: Tracer,
    private readonly span: OtelSpan,
    private readonly context: Context,
    /**
     * The Unix time in milliseconds at 0 of `performance.now()`. It is taken again for each trace because the
     * system clock may be changed.
     */
    private readonly epoch: number,
  ) {}

  get spanContext(): SpanContext {
    return this.span.spanContext();
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  event(name: string, attributes?: Attributes): void {
    this.span.addEvent(name, attributes, this.timeOf(performance.now()));
  }

  /** Starts a child span. */
  child(
    name: string,
    { from = performance.now(), attributes }: { from?: number; attributes?: Attributes } = {},
  ): Span {
    const span = this.tracer.startSpan(name, { startTime: this.timeOf(from), attributes }, this.context);
    return new Span(this.tracer, span, spans.setSpan(this.context, span), this.epoch);
  }

  /** @param failure why it failed, if it did */
  end({ to = performance.now(), failure }: { to?: number; failure?: Failure } = {}): void {
    if (failure !== undefined) {
      const type = typeof failure === 'string' ? failure : failure.name;
      this.span.setAttribute('error.type', type);
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end(this.timeOf(to));
  }

  private timeOf(milliseconds: number): HrTime {
    return hrTime(this.epoch + milliseconds);
  }
}

/**
 * @param milliseconds since 1970
 * @returns seconds, and the nanoseconds of the last one
 */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - 1000 * seconds) * 1e6)];
}
