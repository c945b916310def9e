import type { FastifyInstance } from 'fastify';
import type { Instruments } from './instruments.js';

/** Times every request by the template of its route (never by its path: that has no bound). */
export function measureRequests(fastify: FastifyInstance, instruments: Instruments): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    instruments.httpRequestSeconds.observe(
      {
        method: request.method,
        route: request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown'),
        status: `${Math.floor(reply.statusCode / 100)}xx`,
      },
      reply.elapsedTime / 1e3,
    );
    done();
  });
}
