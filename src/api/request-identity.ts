import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** The header that carries the id of a request, there and back. */
export const REQUEST_ID_HEADER = 'x-request-id';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the log says of the request besides: of which run or model it was. */
    logFields: Readonly<Record<string, string>> | null;
  }
}

/** By what a log line is found: the same of all lines of a request. */
export interface RequestFields {
  requestId: string;
  /** Of the trace that the request belongs to (W3C Trace Context), if it belongs to one. */
  traceId?: string;
  /** Of the request's own span, where the service traces. */
  spanId?: string;
}

/** Letters and marks of ids in use; nothing that a log or a header could stumble over. */
const FOREIGN_ID = /^[\w.:/+=@-]{1,128}$/;

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

/** The ids of this process's requests begin like this. */
const own = `req_${randomBytes(6).toString('hex')}`;
let count = 0;

/** The id that a request brings along, or a new one. */
export function requestIdOf({ headers }: { headers: IncomingHttpHeaders }): string {
  const foreign = headers[REQUEST_ID_HEADER];
  if (typeof foreign === 'string' && FOREIGN_ID.test(foreign)) return foreign;
  return `${own}_${(++count).toString(36)}`;
}

/** The trace that a `traceparent` header names. */
export function traceIdOf(headers: IncomingHttpHeaders): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
}

export function fieldsOf(request: FastifyRequest): RequestFields {
  const { id: requestId, span } = request;
  if (span) {
    const { traceId, spanId } = span.spanContext;
    return { requestId, traceId, spanId };
  }
  const traceId = traceIdOf(request.headers);
  return traceId === undefined ? { requestId } : { requestId, traceId };
}

/** The template of the route that a request takes, which holds nothing of what was asked; undefined where there is no such route. */
export function routeOf({ is404, routeOptions }: FastifyRequest): string | undefined {
  return is404 ? undefined : routeOptions.url;
}
