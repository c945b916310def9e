import { Logger } from '@nestjs/common';
import type { IncomingMessage, Server } from 'node:http';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { MalformedRequestError } from '../common/errors.js';
import { answerBrokenRequest, answerInPlaceOfNode, MAX_HEADER_BYTES } from '../api/protocol-problems.js';
import { requestIdOf } from '../api/request-identity.js';
import type { Settings } from '../config/settings.js';
import { mostConnections } from './open-files.js';

/** How Fastify and Node's server are told to keep their limits. */
export function serverOptions(settings: Settings): FastifyHttpOptions<Server> {
  const { clientTimeout, maxBodyBytes, trustProxy } = settings;
  return {
    bodyLimit: maxBodyBytes,
    genReqId: requestIdOf,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    // Who has a connection is answered on it to the end.
    return503OnClosing: false,
    // Node's own limit for whole requests would end long uploads too: bodies are watched by `endSlowClients`.
    requestTimeout: 0,
    http: {
      // Node compares the two as it makes the server, before Fastify sets its own.
      requestTimeout: 0,
      headersTimeout: clientTimeout,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Node would answer a bare 400: `refuseUnclearRequests` says more.
      requireHostHeader: false,
      // How often Node looks for headers that are overdue.
      connectionsCheckingInterval: Math.min(5000, clientTimeout / 4),
    },
    clientErrorHandler: answerBrokenRequest,
  };
}

/**
 * Refuses requests that leave it open for which host they are, or what their query says. Of two `Host` lines Node shows the first; a
 * proxy before it may have gone by the other.
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
  // HTTP/1.0 knows no Host.
  const isWanted = httpVersionMajor === 1 && httpVersionMinor > 0;
  if (hosts > 1)
    return `The request has ${hosts} Host headers. Send one, with the name and port of the address that you ask.`;
  if (hosts === 0 && isWanted)
    return 'The request has no Host header. Send one, with the name and port of the address that you ask.';
  return undefined;
}

/** Fastify takes what it cannot decode as it stands. */
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

/** What Fastify has no option for. */
export function prepareServer(fastify: FastifyInstance, { maxConnections }: Settings): void {
  const most = mostConnections(maxConnections);
  const server = fastify.server as Server;
  server.maxConnections = most;
  answerInPlaceOfNode(server);
  // The log, the metrics and others wait for the end of an answer, each by itself, and Node itself several times for that of a stream:
  // more than the ten that it takes for a leak.
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
