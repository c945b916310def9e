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
  /** When it began, on the clock of `performance.now()`; default: now. */
  from?: number;
  /** Headers that may name the trace to join. */
  headers?: object;
  /** Spans of other traces that it has to do with. */
  links?: readonly SpanContext[];
}

/** Something that failed: its message stays out of the trace, since it may hold what was sent. */
export type Failure = Error | string;

/**
 * A span that is under way, and what belongs into it. All times are those of `performance.now()`: spans are told of when they are
 * over, so that what is measured need not know of tracing.
 */
export class Span {
  constructor(
    private readonly tracer: Tracer,
    private readonly span: OtelSpan,
    private readonly context: Context,
    /** Milliseconds since 1970 at 0 of `performance.now()`: taken anew for each trace, since clocks are set. */
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

  /** Begins a span within it. */
  child(
    name: string,
    { from = performance.now(), attributes }: { from?: number; attributes?: Attributes } = {},
  ): Span {
    const span = this.tracer.startSpan(name, { startTime: this.timeOf(from), attributes }, this.context);
    return new Span(this.tracer, span, spans.setSpan(this.context, span), this.epoch);
  }

  /** @param failure why it ended, where it did not end well */
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

/** @param milliseconds since 1970 @returns seconds, and nanoseconds of the last one */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - 1000 * seconds) * 1e6)];
}
