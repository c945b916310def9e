import { STATUS_CODES } from 'node:http';
import { ApiProperty } from '@nestjs/swagger';
import type { InputProblem } from './errors.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** One thing that is wrong with the request. */
export class InputProblemDto implements InputProblem {
  /**
   * Where in the JSON body or the form.
   * @example '#/epochs'
   */
  pointer?: string;

  /**
   * Which query or path parameter.
   * @example limit
   */
  parameter?: string;

  /**
   * Line of the uploaded file, from 1.
   * @example 17
   */
  line?: number;

  /**
   * Column (tab-separated field) of that line, from 1.
   * @example 2
   */
  column?: number;

  /**
   * What is wrong and what to do about it.
   * @example 'must not be greater than 20'
   */
  message!: string;
}

/** Every error is answered like this: RFC 9457, `application/problem+json`. */
export class ProblemDetails {
  /**
   * Tells kinds of errors apart.
   * @example 'urn:problem-type:wellformed:not-found'
   */
  type!: string;

  /**
   * The kind of error in words.
   * @example 'Not found'
   */
  title!: string;

  /**
   * HTTP status.
   * @example 404
   */
  status!: number;

  /**
   * What is wrong and what to do about it.
   * @example 'There is no dataset ds_01JD0000000000000000000000. GET /datasets lists those there are.'
   */
  detail!: string;

  /**
   * Path of the request.
   * @example '/datasets/ds_01JD0000000000000000000000'
   */
  instance!: string;

  /** Each single thing that is wrong, where there can be several: the first 100. */
  @ApiProperty({ type: () => [InputProblemDto] })
  errors?: InputProblemDto[];

  /** How many there are in all, where `errors` holds only the first. */
  errorCount?: number;

  /** Of a failed readiness check: what was asked, and whether it is up or down. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  checks?: Record<string, string>;

  /** Of an unexpected error: the same id stands in the log of the service. */
  errorId?: string;
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
