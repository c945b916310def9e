import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { InvalidInputError, type DomainError, type InputPath } from '../common/errors.js';
import type { ProblemDetails } from './problem-details.dto.js';
import { shortened } from '../common/text.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** A problem without the path of the request. */
export type Problem = Omit<ProblemDetails, 'instance'>;

/** The maximum length of a text in a problem, in characters. Texts may repeat parts of the request. */
const MOST_OF_DETAIL = 2000;
const MOST_OF_MESSAGE = 500;
/** Names from clients are cut to this length in messages, in characters. */
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

/** Makes a JSON pointer (RFC 6901) as a URI fragment. A lone surrogate becomes U+FFFD because a URI cannot hold it. */
function pointerTo(path: InputPath): string {
  const parts = path.map((part) => {
    const escaped = shortened(String(part), MOST_OF_NAME).replaceAll('~', '~0').replaceAll('/', '~1');
    return `/${encodeURIComponent(Buffer.from(escaped).toString())}`;
  });
  return `#${parts.join('')}`;
}

/** The problem for an unexpected error. Log the error with the `errorId` of the problem. */
export function unexpectedProblem(): Problem {
  const errorId = randomUUID();
  return {
    ...problemOfStatus(500, `Something went wrong in the service. Its log tells more under ${errorId}.`),
    errorId,
  };
}

/** A generic problem, named after its status. */
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

/** Sends a problem without Nest and its filter. */
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

/** The path of a request's address, without the query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0]!;
}

export function problemType(name: string): string {
  return `urn:problem-type:wellformed:${name}`;
}
