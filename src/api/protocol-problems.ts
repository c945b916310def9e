import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_MEDIA_TYPE, problemOfStatus, sendProblem } from './problem-details.js';

/** Headers of a request, all together: Node's default, written down because a flag can change it. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Has a server answer as a problem what Node would answer with a bare status, or not at all. */
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

/** What never became a request: a listener for `clientError`. */
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

/** Asks for the body when somebody begins to read it: by then nothing that could be told without it stands against it. */
function continueOnceRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read.bind(request);
  request._read = (size) => {
    request._read = read;
    if (!response.headersSent) response.writeContinue();
    read(size);
  };
}

const ended = new WeakSet<Duplex>();

/** Answers once those requests are answered that came before on the connection, and ends it. */
function answerLast(socket: Duplex, status: number, detail: string): void {
  // The parser complains anew of everything that comes after what it did not understand.
  if (ended.has(socket)) return;
  ended.add(socket);
  const answer = () => {
    if (socket.destroyed) return;
    const { _httpMessage: underWay } = socket as Duplex & { _httpMessage?: ServerResponse | null };
    if (underWay?.req.complete) {
      // Node hands the connection to the next of the answers before it says that this one is closed.
      underWay.once('close', answer);
      return;
    }
    // What is broken may be the body of the request under way; its answer must not be mixed with this one.
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
