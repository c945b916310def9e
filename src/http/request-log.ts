import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isForMonitoring } from '../auth/gatekeeper.js';
import { ID_PATTERN, type IdPrefix } from '../common/identifiers.js';
import { fieldsOf, REQUEST_ID_HEADER, routeOf } from '../api/request-identity.js';
import type { Settings } from '../config/settings.js';
import type { RequestLine, RequestLines } from './request-lines.js';

/** Field names of ids in a line, by the id's prefix. */
const FIELD_OF_ID: Readonly<Record<IdPrefix, string>> = {
  ds: 'datasetId',
  run: 'runId',
  mdl: 'modelId',
  evl: 'evaluationId',
  msg: 'deliveryId',
  swp: 'sweepId',
};

/**
 * Gives every request an id, which the response repeats. Logs one line per request when its response is sent
 * or its client is gone.
 */
export function logRequests(
  fastify: FastifyInstance,
  { logRequests: which }: Pick<Settings, 'logRequests'>,
  lines: RequestLines | undefined,
): void {
  fastify.decorateRequest('logFields', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    if (lines && which !== 'none') {
      // Fastify's own hook is not called if the client has gone.
      reply.raw.once('close', () => {
        if (which === 'all' || !reply.raw.writableFinished || reply.statusCode >= 400) {
          lines.write(lineOf(request, reply));
        }
      });
    }
    done();
  });
  fastify.addHook('onClose', (_instance, done) => {
    lines?.close();
    done();
  });
}

function lineOf(request: FastifyRequest, reply: FastifyReply): RequestLine {
  const { method } = request;
  const route = routeOf(request) ?? 'unknown';
  const status = reply.raw.headersSent ? reply.statusCode : null;
  const durationMs = Math.round(100 * reply.elapsedTime) / 100;
  const isCut = !reply.raw.writableFinished;
  const isUsual = status !== null && status < 400 && !isCut;
  return {
    level: (status ?? 0) >= 500 ? 'warn' : isUsual && isForMonitoring(request) ? 'debug' : 'info',
    message: `${method} ${route} ${status ?? ''}${isCut ? ' cut off by the client' : ''}`.replace('  ', ' '),
    fields: {
      method,
      route,
      status,
      durationMs,
      ...(isCut && { cutOff: true }),
      ...(request.apiKey && { key: request.apiKey.name }),
      ...fieldsOf(request),
      ...idsOf(request, reply),
      ...request.logFields,
    },
  };
}

/** The ids in the path, and those that the request created. */
function idsOf(request: FastifyRequest, reply: FastifyReply): Record<string, string> {
  const ids: Record<string, string> = {};
  const { id } = (request.params ?? {}) as { id?: string };
  const location = reply.getHeader('location');
  for (const one of [id, typeof location === 'string' ? location.split('/').at(-1) : undefined]) {
    const [, prefix] = ID_PATTERN.exec(one ?? '') ?? [];
    if (prefix) ids[FIELD_OF_ID[prefix as IdPrefix]] = one!;
  }
  return ids;
}
