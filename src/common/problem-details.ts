import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { InvalidInputError, type DomainError } from './errors.js';
import type { ProblemDetails } from './problem-details.dto.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** All but the path of the request. */
export type Problem = Omit<ProblemDetails, 'instance'>;

export function problemOfDomainError(error: DomainError): Problem {
  const problem = {
    type: problemType(error.type),
    title: error.title,
    status: error.status,
    detail: error.message,
  };
  if (!(error instanceof InvalidInputError) || error.errors.length === 0) return problem;
  return { ...problem, errors: error.errors, errorCount: error.errorCount };
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
  return { type: problemType(title.toLowerCase().replace(/[^a-z]+/g, '-')), title, status, detail };
}

export function problemType(name: string): string {
  return `urn:problem-type:wellformed:${name}`;
}
