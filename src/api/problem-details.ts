import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { InvalidInputError, type DomainError, type InputPath } from '../common/errors.js';
import type { ProblemDetails } from './problem-details.dto.js';
import { shortened } from '../common/text.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** All but the path of the request. */
export type Problem = Omit<ProblemDetails, 'instance'>;

/** Texts of an answer are no longer, in characters, whatever of the request they repeat. */
const MOST_OF_DETAIL = 2000;
const MOST_OF_MESSAGE = 500;
/** Names that clients chose are told as far as this, in UTF-16 units. */
export const MOST_OF_NAME = 60;

export function problemOfDomainError(error: DomainError): Problem {
  const problem = {
    type: problemType(error.type),
    title: error.title,
    status: error.status,
    detail: shortened(error.message, MOST_OF_DETAIL),
  };
  if (!(error instanceof InvalidInputError) || error.errors.length === 0) return problem;
  const errors = error.errors.map(({ path, ...one }) => ({
    ...(path && { pointer: pointerTo(path) }),
    ...one,
    message: shortened(one.message, MOST_OF_MESSAGE),
  }));
  return { ...problem, errors, errorCount: error.errorCount };
}

/** A JSON pointer (RFC 6901) in URI form. Half a character, which a URI cannot have, becomes U+FFFD. */
function pointerTo(path: InputPath): string {
  const parts = path.map((part) => {
    const escaped = shortened(String(part), MOST_OF_NAME).replaceAll('~', '~0').replaceAll('/', '~1');
    return `/${encodeURIComponent(Buffer.from(escaped).toString())}`;
  });
  return `#${parts.join('')}`;
}

/** Of an error that nobody thought of. It has an `errorId`, under which the error is to be logged. */
export function unexpectedProblem(): Problem {
  const errorId = randomUUID();
  return {
    ...problemOfStatus(500, `Something went wrong in the service. Its log tells more under ${errorId}.`),
    errorId,
  };
}

/** A problem of no kind of our own: named after its status. */
export function problemOfStatus(
  status: number,
  detail: string,
): Pick<ProblemDetails, 'type' | 'title' | 'status' | 'detail'> {
  const title = STATUS_CODES[status] ?? 'Error';
  return {
    type: problemType(title.toLowerCase().replace(/[^a-z]+/g, '-')),
    title,
    status,
    detail: shortened(detail, MOST_OF_DETAIL),
  };
}

/** Answers with a problem past Nest and its filter. */
export function sendProblem(
  response: ServerResponse,
  url: string,
  problem: Problem,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = JSON.stringify({ ...problem, instance: pathOf(url) });
  response.writeHead(problem.status, {
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/** Of the address of a request, the part without the query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0]!;
}

export function problemType(name: string): string {
  return `urn:problem-type:wellformed:${name}`;
}
