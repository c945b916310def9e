/** The maximum number of problems in an answer. If there are more, the first are listed. */
export const MOST_PROBLEMS = 100;

/** A place in a JSON body or a form: `['epochs']`, `['sentences', 3]`. */
export type InputPath = readonly (string | number)[];

/** One problem with the data that the client sent. */
export interface InputProblem {
  path?: InputPath;
  /** Name of the query or path parameter. */
  parameter?: string;
  /** Line of an uploaded file, from 1. */
  line?: number;
  /** Column of that line, from 1. */
  column?: number;
  /** Field of the object on that line, for JSON lines. */
  field?: string;
  /** What is wrong and what to do about it. */
  message: string;
}

/**
 * Base class of every error that a service throws on purpose. The problem-details filter turns it into an
 * answer with `status`. Clients see `message`: it says what is wrong and what to do.
 */
export abstract class DomainError extends Error {
  abstract readonly status: number;
  /** Last part of the problem type, in kebab-case. Programs tell errors apart by it. */
  abstract readonly type: string;
  abstract readonly title: string;
  /** Number of whole seconds after which to try again, if known: the answer's `Retry-After`. */
  readonly retryAfterSeconds: number | undefined = undefined;

  override get name(): string {
    return this.constructor.name;
  }
}

/** For `catch`: lets an error of a kind be, and throws every other one. */
export function ignoring(kind: abstract new (...made: never) => DomainError): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof kind)) throw error;
  };
}

export class MalformedRequestError extends DomainError {
  readonly status = 400;
  readonly type = 'malformed-request';
  readonly title = 'Malformed request';
}

/** A key is required, but the request has none or an unknown one. */
export class UnauthorizedError extends DomainError {
  readonly status = 401;
  readonly type = 'unauthorized';
  readonly title = 'Unauthorized';
}

/** The key is known but may not do this. */
export class ForbiddenError extends DomainError {
  readonly status = 403;
  readonly type = 'forbidden';
  readonly title = 'Forbidden';
}

export class NotFoundError extends DomainError {
  readonly status = 404;
  readonly type = 'not-found';
  readonly title = 'Not found';
}

/** The client has stopped sending its request or reading its answer. */
export class StalledError extends DomainError {
  readonly status = 408;
  readonly type = 'request-timeout';
  readonly title = 'Request Timeout';
}

export class ConflictError extends DomainError {
  readonly status = 409;
  readonly type = 'conflict';
  readonly title = 'Conflict';
}

/** A request with the same idempotency key has not been answered yet. */
export class RequestInProgressError extends DomainError {
  readonly status = 409;
  readonly type = 'request-in-progress';
  readonly title = 'A request is outstanding for this Idempotency-Key';
  override readonly retryAfterSeconds = 5;

  constructor() {
    super(
      'The first request with this Idempotency-Key is still in progress. Send this one again later: once the first has been answered, ' +
        'you get its answer.',
    );
  }
}

export class PayloadTooLargeError extends DomainError {
  readonly status = 413;
  readonly type = 'payload-too-large';
  readonly title = 'Payload too large';
}

export class UnsupportedMediaTypeError extends DomainError {
  readonly status = 415;
  readonly type = 'unsupported-media-type';
  readonly title = 'Unsupported media type';
}

/** The requested bytes are outside the file. */
export class RangeNotSatisfiableError extends DomainError {
  readonly status = 416;
  readonly type = 'range-not-satisfiable';
  readonly title = 'Range Not Satisfiable';
}

/** The request is well-formed but cannot be carried out. */
export class InvalidInputError extends DomainError {
  readonly status = 422;
  readonly type = 'invalid-input';
  readonly title = 'Invalid input';

  /** Each problem, or the first of them. */
  readonly errors: readonly InputProblem[];

  /**
   * @param message what is wrong as a whole, and what to do
   * @param errorCount total number of problems, if `errors` does not hold all of them
   */
  constructor(
    message: string,
    errors: readonly InputProblem[] = [],
    readonly errorCount: number = errors.length,
  ) {
    super(message);
    this.errors = errors.slice(0, MOST_PROBLEMS);
  }
}

/** An idempotency key was used again for a different request. */
export class IdempotencyKeyReusedError extends DomainError {
  readonly status = 422;
  readonly type = 'idempotency-key-reused';
  readonly title = 'Idempotency-Key is already used';

  constructor() {
    super(
      'This Idempotency-Key was used with another request to this route. Send exactly the same request again, or choose a new key for a ' +
        'new one.',
    );
  }
}

/** So much work is waiting that the request cannot be queued. */
export class TooManyRequestsError extends DomainError {
  readonly status = 429;
  readonly type = 'too-many-requests';
  readonly title = 'Too many requests';

  constructor(
    message: string,
    override readonly retryAfterSeconds: number,
  ) {
    super(message);
  }
}

/** The service was too busy to do the work in time. */
export class OverdueError extends DomainError {
  readonly status = 503;
  readonly type = 'deadline-exceeded';
  readonly title = 'Deadline exceeded';

  constructor(
    message: string,
    override readonly retryAfterSeconds: number,
  ) {
    super(message);
  }
}

/** Stored data is not what was stored. */
export class DamagedError extends DomainError {
  readonly status = 503;
  readonly type = 'damaged';
  readonly title = 'Damaged';
}

/** The disk is full. */
export class InsufficientStorageError extends DomainError {
  readonly status = 507;
  readonly type = 'insufficient-storage';
  readonly title = 'Insufficient storage';

  constructor() {
    super(
      'The disk of the service is full: nothing was stored. Delete data sets, runs or models that nobody needs, or have its operator ' +
        'make room; then send it again.',
    );
  }
}

export class UnavailableError extends DomainError {
  readonly status = 503;
  readonly type = 'unavailable';
  readonly title = 'Unavailable';
}
