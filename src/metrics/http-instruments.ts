import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A request that has been answered, or whose connection has closed. */
export interface EndedRequest {
  method: string;
  /** Path template of the route. Never the path, because the number of paths is unbounded. */
  route: string;
  /** Status of the answer; null if the connection broke before the answer was complete. */
  status: number | null;
  seconds: number;
}

/** Traffic, latency, errors and saturation of the HTTP server. */
export class HttpInstruments {
  private readonly seconds: Histogram<'method' | 'route' | 'status'>;
  private readonly requests: Counter<'method' | 'route' | 'code'>;
  readonly replays: Counter<'route'>;
  readonly inFlight: Gauge;
  readonly connections: Gauge;
  readonly connectionsLimit: Gauge;
  readonly connectionsDropped: Counter;

  constructor(registry: Registry) {
    const on = { registers: [registry] };
    this.seconds = new Histogram({
      ...on,
      name: 'wellformed_http_request_duration_seconds',
      help:
        'Time from the arrival of a request to the end of its answer, by status class (aborted: the connection broke before the ' +
        'answer was complete).',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300],
    });
    this.requests = new Counter({
      ...on,
      name: 'wellformed_http_requests_total',
      help: 'Requests by the status of their answer (aborted: the connection broke before the answer was complete).',
      labelNames: ['method', 'route', 'code'] as const,
    });
    this.replays = new Counter({
      ...on,
      name: 'wellformed_idempotent_replays_total',
      help: 'Requests that were sent again with their Idempotency-Key and got the first answer again.',
      labelNames: ['route'] as const,
    });
    this.inFlight = new Gauge({
      ...on,
      name: 'wellformed_http_requests_in_flight',
      help: 'Requests that are being answered, including streams of events.',
    });
    this.connections = new Gauge({
      ...on,
      name: 'wellformed_http_connections',
      help: 'Open connections, including idle ones.',
    });
    this.connectionsLimit = new Gauge({
      ...on,
      name: 'wellformed_http_connections_limit',
      help: 'Largest number of open connections.',
    });
    this.connectionsDropped = new Counter({
      ...on,
      name: 'wellformed_http_connections_dropped_total',
      help: 'Connections that were closed at once because the limit was reached.',
    });
  }

  recordRequest({ method, route, status, seconds }: EndedRequest): void {
    const group = status === null ? 'aborted' : `${Math.floor(status / 100)}xx`;
    this.seconds.observe({ method, route, status: group }, seconds);
    this.requests.inc({ method, route, code: status === null ? 'aborted' : String(status) });
  }
}
