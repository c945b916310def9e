import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StalledError } from '../common/errors.js';
import { problemOfDomainError, sendProblem } from '../api/problem-details.js';
import { REQUEST_ID_HEADER } from '../api/request-identity.js';
import type { Settings } from '../config/settings.js';

/** Part of a route's Fastify configuration. */
export interface WatchedBodiesConfig {
  /** Body types for which the route itself enforces a timeout. */
  watchesBodies?: readonly string[];
}

/** Minimum rate of a body that is not complete in time, in bytes per second. */
const LEAST_BYTES_PER_SECOND = 1024;

/**
 * Ends connections whose client sends a body, or reads a response, extremely slowly: many of them would
 * exhaust the limit. Node's server itself handles slow headers.
 */
export function endSlowClients(fastify: FastifyInstance, { clientTimeout }: Settings): void {
  const watched = new WeakSet<FastifyRequest>();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request) && !isWatchedByRoute(request)) {
      watched.add(request);
      watchBody(request, reply, clientTimeout);
    }
    done();
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    // Requests that Nest rejects before any other hook are first seen here.
    if (hasBody(request) && !request.raw.complete && !watched.has(request)) {
      watchBody(request, reply, clientTimeout);
    }
    watchReading(request, reply, clientTimeout);
    done(null, payload);
  });
}

/** Whether a request announces a body. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Whether the route itself enforces a timeout for this type of body, and accepts any length. */
export function isWatchedByRoute({ headers, routeOptions }: FastifyRequest): boolean {
  const { watchesBodies = [] } = routeOptions.config as WatchedBodiesConfig;
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  return watchesBodies.includes(type.trim().toLowerCase());
}

/** Checks at this interval whether enough data has arrived, until the body is complete. */
function watchBody(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  const { raw } = request;
  const { socket } = raw;
  const enough = (LEAST_BYTES_PER_SECOND * milliseconds) / 1000;
  const isOver = () => raw.complete || socket.destroyed;
  let read = socket.bytesRead;
  const timer = setInterval(() => {
    const arrived = socket.bytesRead - read;
    read = socket.bytesRead;
    if (isOver()) return clearInterval(timer);
    // Unread data here waits for the service, not for the client.
    const isClientSlow = raw.readableLength === 0 && arrived < enough;
    // Data after the response is dropped, but not for ever.
    if (isClientSlow || reply.raw.writableFinished) {
      clearInterval(timer);
      giveUp(request, reply, milliseconds);
    }
  }, milliseconds);
  timer.unref();
  // A request may be closed long before the rest of its body arrives, if it is answered first.
  raw.once('close', () => isOver() && clearInterval(timer));
}

function giveUp(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  const { socket } = request.raw;
  if (reply.raw.headersSent) {
    socket.destroy();
    return;
  }
  const error = new StalledError(
    `The body did not arrive within ${milliseconds / 1000} s, and it was slower than ${LEAST_BYTES_PER_SECOND} bytes per second. ` +
      'Send it again over a faster connection, or raise WELLFORMED_CLIENT_TIMEOUT.',
  );
  // Bypass Nest and the route, which waits for the body. It sees the end of the connection.
  reply.hijack();
  reply.raw.once('finish', () => socket.destroySoon());
  sendProblem(reply.raw, request.url, problemOfDomainError(error), {
    [REQUEST_ID_HEADER]: request.id,
    connection: 'close',
  });
}

/** From now on, some of the response must get through in every interval. */
function watchReading(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  const { socket } = request.raw;
  reply.raw.on('timeout', () => {
    // A response without data for a while, such as the events of a run, is not the client's fault.
    if (reply.raw.writableLength > 0 || socket.writableLength > 0) socket.destroy();
  });
  socket.setTimeout(milliseconds);
}
