import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { InputProblem } from '../common/errors.js';

/** One thing that is wrong with the request. */
export class InputProblemDto implements Omit<InputProblem, 'path'> {
  /**
   * Location in the JSON body or the form, as a JSON pointer.
   * @example '#/epochs'
   */
  pointer?: string;

  /**
   * Name of the query or path parameter.
   * @example limit
   */
  parameter?: string;

  /**
   * Line of the uploaded file, from 1.
   * @example 17
   */
  @ApiPropertyOptional({ type: 'integer' })
  line?: number;

  /**
   * Column of that line, from 1.
   * @example 2
   */
  @ApiPropertyOptional({ type: 'integer' })
  column?: number;

  /**
   * Field of the object on that line, if the file is JSON lines.
   * @example label
   */
  field?: string;

  /**
   * What is wrong and what to do about it.
   * @example 'must not be greater than 20'
   */
  message!: string;
}

/** Every error is answered like this: RFC 9457, `application/problem+json`. */
export class ProblemDetails {
  /**
   * The kind of error, for programs.
   * @example 'urn:problem-type:wellformed:not-found'
   */
  type!: string;

  /**
   * The kind of error, in words.
   * @example 'Not found'
   */
  title!: string;

  /**
   * HTTP status.
   * @example 404
   */
  @ApiProperty({ type: 'integer' })
  status!: number;

  /**
   * What is wrong and what to do about it.
   * @example 'There is no data set ds_01JD0000000000000000000000. GET /datasets lists the data sets.'
   */
  detail!: string;

  /**
   * Path of the request.
   * @example '/datasets/ds_01JD0000000000000000000000'
   */
  instance!: string;

  /** Everything that is wrong with the request. The list has at most 100 entries. */
  @ApiPropertyOptional({ type: () => [InputProblemDto] })
  errors?: InputProblemDto[];

  /** Total number of errors. `errors` may list only the first of them. */
  @ApiPropertyOptional({ type: 'integer' })
  errorCount?: number;

  /** Each part of a failed readiness check: `up` or `down`. Present only if the check failed. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  checks?: Record<string, string>;

  /** Id of an unexpected error. The log of the service has the same id. */
  errorId?: string;
}
