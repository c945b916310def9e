import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_MEDIA_TYPE, problemOfStatus, sendProblem } from './problem-details.js';

/**
 * The maximum size of all headers of a request. This is Node's default. It is set here because a flag can
 * change it.
 */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Makes a server answer with a problem where Node would send a bare status or nothing. */
export function answerInPlaceOfNode(server: Server): void {
  server.on('checkExpectation', refuseExpectation);
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    answerLast(socket, 405, 'This is no proxy: it does not take CONNECT. Send the request without a proxy.'),
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueOnceRead(request, response);
    server.emit('request', request, response);
  });
}

/** Answers broken requests. Use it as a listener for `clientError`. */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException & { reason?: string },
  socket: Duplex,
): void {
  if (error.code === 'ECONNRESET') return;
  const [status, detail] = PROBLEMS[error.code ?? ''] ?? [
    400,
    `This is not an HTTP request that can be understood${error.reason ? ` (${error.reason})` : ''}. Send HTTP/1.1.`,
  ];
  answerLast(socket, status, detail);
}

const PROBLEMS: Readonly<Record<string, [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The headers of the request did not come in time. Send it again.'],
  HPE_HEADER_OVERFLOW: [
    431,
    `The address and the headers of the request have more than ${MAX_HEADER_BYTES} bytes. Send fewer or shorter ones.`,
  ],
};

function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  sendProblem(
    response,
    request.url ?? '',
    problemOfStatus(
      417,
      'The Expect header may only ask for 100-continue. Send the request without the header.',
    ),
  );
}

/** Sends 100 Continue only when the body is first read. All checks that need no body are done by then. */
function continueOnceRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read.bind(request);
  request._read = (size) => {
    request._read = read;
    if (!response.headersSent) response.writeContinue();
    read(size);
  };
}

const ended = new WeakSet<Duplex>();

/**
 * Waits until earlier requests on the connection have been answered, then sends this answer and closes the
 * connection.
 */
function answerLast(socket: Duplex, status: number, detail: string): void {
  // After the first error the parser reports an error for all data that follows.
  if (ended.has(socket)) return;
  ended.add(socket);
  const answer = () => {
    if (socket.destroyed) return;
    const { _httpMessage: underWay } = socket as Duplex & { _httpMessage?: ServerResponse | null };
    if (underWay?.req.complete) {
      // Node starts the next response on the connection before it emits `close` for this one.
      underWay.once('close', answer);
      return;
    }
    // The broken data may be the body of the current request. Do not mix this answer with a response that has
    // begun.
    if (socket.writable && !underWay?.headersSent) {
      const problem = problemOfStatus(status, detail);
      const body = JSON.stringify({ ...problem, instance: '' });
      socket.write(
        `HTTP/1.1 ${status} ${problem.title}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    }
    socket.end(() => socket.destroy());
  };
  answer();
}
