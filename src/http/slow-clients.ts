import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StalledError } from '../common/errors.js';
import { problemOfDomainError, sendProblem } from '../api/problem-details.js';
import { REQUEST_ID_HEADER } from '../api/request-identity.js';
import type { Settings } from '../config/settings.js';

/** Part of a route's Fastify configuration. */
export interface WatchedBodiesConfig {
  /** Types of bodies that the route itself gives up when nothing comes. */
  watchesBodies?: readonly string[];
}

/** A body that is not whole in its time must bring so many bytes a second. */
const LEAST_BYTES_PER_SECOND = 1024;

/**
 * Ends connections that are held open by sending a body, or reading an answer, as slowly as can be: many of them would use up all
 * that there may be. Slow headers are ended by Node's server itself.
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
    // What Nest refuses before any other hook has not been seen until now.
    if (hasBody(request) && !request.raw.complete && !watched.has(request)) {
      watchBody(request, reply, clientTimeout);
    }
    watchReading(request, reply, clientTimeout);
    done(null, payload);
  });
}

/** Whether a request says that it has a body. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Whether the route itself gives up a body of this type when nothing comes, and takes it however long it is. */
export function isWatchedByRoute({ headers, routeOptions }: FastifyRequest): boolean {
  const { watchesBodies = [] } = routeOptions.config as WatchedBodiesConfig;
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  return watchesBodies.includes(type.trim().toLowerCase());
}

/** Looks once in so many milliseconds whether enough has come, until all has. */
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
    // What lies here unread waits for the service, not for the client.
    const isClientSlow = raw.readableLength === 0 && arrived < enough;
    // What is still sent after the answer is dropped, but not for ever.
    if (isClientSlow || reply.raw.writableFinished) {
      clearInterval(timer);
      giveUp(request, reply, milliseconds);
    }
  }, milliseconds);
  timer.unref();
  // A request that is answered before its body has come may be closed long before the rest of that has.
  raw.once('close', () => isOver() && clearInterval(timer));
}

function giveUp(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  const { socket } = request.raw;
  if (reply.raw.headersSent) {
    socket.destroy();
    return;
  }
  const error = new StalledError(
    `The body did not come within ${milliseconds / 1000} s, and brought less than ${LEAST_BYTES_PER_SECOND} bytes a second. ` +
      'Send it again over a faster connection, or raise WELLFORMED_CLIENT_TIMEOUT.',
  );
  // Past Nest and its route, which waits for the body: it learns that the client is gone when the connection ends.
  reply.hijack();
  reply.raw.once('finish', () => socket.destroySoon());
  sendProblem(reply.raw, request.url, problemOfDomainError(error), {
    [REQUEST_ID_HEADER]: request.id,
    connection: 'close',
  });
}

/** From now on something of the answer has to get through in every span of so many milliseconds. */
function watchReading(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  const { socket } = request.raw;
  reply.raw.on('timeout', () => {
    // An answer that has nothing to send for a while, such as events of a run, is no fault of who reads it.
    if (reply.raw.writableLength > 0 || socket.writableLength > 0) socket.destroy();
  });
  socket.setTimeout(milliseconds);
}
