import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isForMonitoring } from '../auth/gatekeeper.js';
import { routeOf } from '../api/request-identity.js';
import type { Span } from './span.js';
import type { Tracing } from './tracing.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of the request if it is traced. Parts of the request may be added to it. */
    span: Span | null;
  }
}

/**
 * Makes a span for every request, in the trace that its `traceparent` names. Health checks and metrics are
 * left out.
 */
export function traceRequests(fastify: FastifyInstance, tracing: Tracing): void {
  fastify.decorateRequest('span', null);
  if (!tracing.isOn) return;
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!isForMonitoring(request)) trace(request, reply, tracing);
    done();
  });
}

/**
 * Starts the span. Its attributes follow the semantic conventions for HTTP servers, without path and query:
 * these may hold a sentence or a key.
 */
function trace(request: FastifyRequest, reply: FastifyReply, tracing: Tracing): void {
  const { method, headers } = request;
  const route = routeOf(request);
  const span = tracing.begin(route ? `${method} ${route}` : method, {
    kind: 'SERVER',
    headers,
    attributes: {
      'http.request.method': method,
      'url.scheme': request.protocol,
      'network.protocol.version': request.raw.httpVersion,
      'wellformed.request.id': request.id,
      ...(route && { 'http.route': route }),
    },
  });
  if (!span) return;
  request.span = span;
  // Fastify does not call its own hook if the client has left.
  reply.raw.once('close', () => endSpan(span, request, reply));
}

function endSpan(span: Span, request: FastifyRequest, { raw }: FastifyReply): void {
  if (raw.headersSent) span.set({ 'http.response.status_code': raw.statusCode });
  if (request.apiKey) span.set({ 'wellformed.key.name': request.apiKey.name });
  const failure = !raw.writableFinished
    ? 'cut_off'
    : raw.statusCode >= 500
      ? String(raw.statusCode)
      : undefined;
  span.end({ failure });
}
