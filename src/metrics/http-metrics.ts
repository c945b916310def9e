import type { Server } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { routeOf } from '../api/request-identity.js';
import type { Instruments } from './instruments.js';

/** Measures every request by the path template of its route, and counts open connections. */
export function measureRequests(fastify: FastifyInstance, instruments: Instruments): void {
  const { http } = instruments;
  fastify.addHook('onRequest', (request, reply, done) => {
    const started = performance.now();
    http.inFlight.inc();
    // Fastify's `onResponse` does not fit: it is not called if the client leaves before the answer.
    reply.raw.once('close', () => {
      http.inFlight.dec();
      http.recordRequest({
        method: request.method,
        route: routeOf(request) ?? 'unknown',
        status: statusOf(reply),
        seconds: (performance.now() - started) / 1e3,
      });
    });
    done();
  });
  const server = fastify.server as Server;
  server.on('drop', () => http.connectionsDropped.inc());
  instruments.beforeScrape(async () => {
    http.connectionsLimit.set(server.maxConnections);
    http.connections.set(await countConnections(server));
  });
}

function statusOf({ raw }: FastifyReply): number | null {
  return raw.writableFinished ? raw.statusCode : null;
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
