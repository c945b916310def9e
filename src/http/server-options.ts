import { Logger } from '@nestjs/common';
import type { IncomingMessage, Server } from 'node:http';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { MalformedRequestError } from '../common/errors.js';
import { answerBrokenRequest, answerInPlaceOfNode, MAX_HEADER_BYTES } from '../api/protocol-problems.js';
import { requestIdOf } from '../api/request-identity.js';
import type { Settings } from '../config/settings.js';
import { mostConnections } from './open-files.js';

/** Options of Fastify and Node's server for limits. */
export function serverOptions(settings: Settings): FastifyHttpOptions<Server> {
  const { clientTimeout, maxBodyBytes, trustProxy } = settings;
  return {
    bodyLimit: maxBodyBytes,
    genReqId: requestIdOf,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    // Requests on open connections are still answered.
    return503OnClosing: false,
    // Node's limit for whole requests would also end long uploads. `endSlowClients` watches bodies instead.
    requestTimeout: 0,
    http: {
      // Node compares the two when it creates the server, before Fastify sets its own.
      requestTimeout: 0,
      headersTimeout: clientTimeout,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Node would answer with a bare 400. `refuseUnclearRequests` explains more.
      requireHostHeader: false,
      // How often Node checks for overdue headers.
      connectionsCheckingInterval: Math.min(5000, clientTimeout / 4),
    },
    clientErrorHandler: answerBrokenRequest,
  };
}

/**
 * Rejects requests with an ambiguous host or query. Of two `Host` lines Node shows the first, while a proxy
 * in front may have used the other.
 */
export function refuseUnclearRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    const problem = problemOfHosts(raw) ?? problemOfQuery(raw.url!);
    done(problem === undefined ? undefined : new MalformedRequestError(problem));
  });
}

function problemOfHosts({
  rawHeaders,
  httpVersionMajor,
  httpVersionMinor,
}: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  // HTTP/1.0 has no Host.
  const isWanted = httpVersionMajor === 1 && httpVersionMinor > 0;
  if (hosts > 1)
    return `The request has ${hosts} Host headers. Send one, with the name and port of the address that you ask.`;
  if (hosts === 0 && isWanted)
    return 'The request has no Host header. Send one, with the name and port of the address that you ask.';
  return undefined;
}

/** Fastify keeps text that it cannot decode. */
function problemOfQuery(url: string): string | undefined {
  const start = url.indexOf('?');
  if (start === -1 || !url.includes('%', start)) return undefined;
  try {
    decodeURIComponent(url.slice(start));
    return undefined;
  } catch {
    return 'The query of the address is malformed. Encode special characters as the %XX of their UTF-8, and a percent sign as %25.';
  }
}

/** Settings without a Fastify option. */
export function prepareServer(fastify: FastifyInstance, { maxConnections }: Settings): void {
  const most = mostConnections(maxConnections);
  const server = fastify.server as Server;
  server.maxConnections = most;
  answerInPlaceOfNode(server);
  // The log, metrics and others each listen for the end of a response, and Node adds several listeners for
  // streams. That exceeds the ten at which Node warns of a leak.
  fastify.addHook('onRequest', (_request, { raw }, done) => {
    raw.setMaxListeners(30);
    done();
  });
  if (most === maxConnections) return;
  new Logger('Connections').warn(
    `At most ${most} connections are taken, not ${maxConnections}: this process may have no more files open. Raise that limit ` +
      '(ulimit -n, LimitNOFILE=), or set WELLFORMED_MAX_CONNECTIONS.',
  );
}
