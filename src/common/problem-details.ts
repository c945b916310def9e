import { STATUS_CODES } from 'node:http';
import type { ProblemDetails } from './problem-details.dto.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

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
