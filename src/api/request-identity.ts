import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** The request header and response header with the id of a request. */
export const REQUEST_ID_HEADER = 'x-request-id';

declare module 'fastify' {
  interface FastifyRequest {
    /** Additional fields of the log line, such as the id of the run or the model. */
    logFields: Readonly<Record<string, string>> | null;
  }
}

/** Fields that all log lines of a request share. */
export interface RequestFields {
  requestId: string;
  /** The trace that the request belongs to (W3C Trace Context), if there is one. */
  traceId?: string;
  /** The span of the request, if the service writes traces. */
  spanId?: string;
}

/** Ids that are accepted from clients. They hold only characters that are safe in a log line and a header. */
const FOREIGN_ID = /^[\w.:/+=@-]{1,128}$/;

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

/** The prefix of the request ids of this process. */
const own = `req_${randomBytes(6).toString('hex')}`;
let count = 0;

/** Returns the id that the request brings, or a new one. */
export function requestIdOf({ headers }: { headers: IncomingHttpHeaders }): string {
  const foreign = headers[REQUEST_ID_HEADER];
  if (typeof foreign === 'string' && FOREIGN_ID.test(foreign)) return foreign;
  return `${own}_${(++count).toString(36)}`;
}

/** Returns the trace id of a `traceparent` header. */
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

/**
 * The path template of the request's route. It holds no values from the request. Undefined if there is no
 * such route.
 */
export function routeOf({ is404, routeOptions }: FastifyRequest): string | undefined {
  return is404 ? undefined : routeOptions.url;
}
