import { Logger } from '@nestjs/common';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { PROBLEM_MEDIA_TYPE, problemOfStatus } from '../common/problem-details.js';
import { requestIdOf } from '../common/request-identity.js';
import type { Settings } from '../config/settings.js';
import { mostConnections } from './open-files.js';

/** Headers of a request, all together: Node's default, written down because a flag can change it. */
const MAX_HEADER_BYTES = 16 * 1024;

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
      // How often Node looks for headers that are overdue.
      connectionsCheckingInterval: Math.min(5000, clientTimeout / 4),
    },
    clientErrorHandler: answerBrokenRequest,
  };
}

/** What Fastify has no option for. */
export function limitConnections(fastify: FastifyInstance, { maxConnections }: Settings): void {
  const most = mostConnections(maxConnections);
  (fastify.server as Server).maxConnections = most;
  if (most === maxConnections) return;
  new Logger('Connections').warn(
    `At most ${most} connections are taken, not ${maxConnections}: this process may have no more files open. Raise that limit ` +
      '(ulimit -n, LimitNOFILE=), or set WELLFORMED_MAX_CONNECTIONS.',
  );
}

/** What never became a request: there is no route and no reply, only a socket. */
function answerBrokenRequest(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  // An answer that is under way to the request before must not be mixed with this one.
  const { _httpMessage: underWay } = socket as Socket & { _httpMessage?: ServerResponse | null };
  if (socket.writable && !underWay?.headersSent) {
    const [status, detail] = PROBLEMS[error.code ?? ''] ?? [
      400,
      'This is no HTTP request that can be understood.',
    ];
    const problem = problemOfStatus(status, detail);
    const body = JSON.stringify({ ...problem, instance: '' });
    socket.write(
      `HTTP/1.1 ${status} ${problem.title}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

const PROBLEMS: Readonly<Record<string, [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The headers of the request did not come in time. Send it again.'],
  HPE_HEADER_OVERFLOW: [431, `The headers of the request have more than ${MAX_HEADER_BYTES} bytes.`],
};
