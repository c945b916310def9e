import {
  Catch,
  ForbiddenException,
  HttpException,
  Logger,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DamagedError, DomainError, InsufficientStorageError } from '../common/errors.js';
import {
  pathOf,
  PROBLEM_MEDIA_TYPE,
  problemOfDomainError,
  problemOfStatus,
  unexpectedProblem,
  type Problem,
} from './problem-details.js';
import { fieldsOf } from './request-identity.js';
import type { RouteTable } from './route-table.js';
import { isSpaceError } from '../common/disk-errors.js';
import { isDamagedDatabase } from '../common/disk-errors.js';

/** Turns every error into an RFC 9457 response. This is the only place that maps errors to status codes. */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemDetailsFilter.name);

  constructor(private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const path = pathOf(request.url);
    if (request.raw.aborted || reply.raw.destroyed) {
      this.logger.debug(`${request.method} ${path} was cut off by the client`, fieldsOf(request));
      return;
    }
    const problem = { ...this.problem(error, request, reply), instance: path };
    if (problem.errorId) {
      const message = `${request.method} ${path} failed (${problem.errorId})`;
      this.logger.error(
        message,
        { ...fieldsOf(request), errorId: problem.errorId },
        error instanceof Error ? error.stack : String(error),
      );
    }
    if (reply.raw.headersSent) {
      // A response that failed half-way must not look complete.
      reply.raw.destroy();
      return;
    }
    reply.removeHeader('connection');
    dropBody(request, reply);
    const { retryAfterSeconds } = error as Partial<DomainError>;
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
    void reply.status(problem.status).header('content-type', PROBLEM_MEDIA_TYPE).send(problem);
  }

  private problem(error: unknown, request: FastifyRequest, reply: FastifyReply): Problem {
    if (error instanceof DomainError) return problemOfDomainError(error);
    if (isSpaceError(error)) {
      this.logger.error(
        `${request.method} ${pathOf(request.url)}: the disk is full (${(error as Error).message})`,
      );
      return problemOfDomainError(new InsufficientStorageError());
    }
    if (isDamagedDatabase(error)) {
      this.logger.error(
        `${request.method} ${pathOf(request.url)}: the database is damaged (${(error as Error).message})`,
      );
      return problemOfDomainError(
        new DamagedError('The database is damaged. Restore a backup: see docs/operations.md.'),
      );
    }
    const cause = fastifyErrorOf(error);
    // An unknown route answers 404, whatever else is wrong with the request.
    if (request.is404 && (cause || error instanceof NotFoundException))
      return this.unknownRoute(request, reply);
    if (cause) return fastifyProblem(cause, request);
    if (error instanceof HttpException) {
      if (error instanceof ForbiddenException) return crossSiteProblem(error);
      const checks = checksOf(error);
      return checks
        ? failedChecksProblem(error.getStatus(), checks)
        : problemOfStatus(error.getStatus(), error.message);
    }
    return unexpectedProblem();
  }

  private unknownRoute(request: FastifyRequest, reply: FastifyReply): Problem {
    const path = pathOf(request.url);
    const methods = this.routes.methodsOf(path);
    if (methods.length === 0 || methods.includes(request.method)) {
      return problemOfStatus(404, `There is no ${path} here. /docs shows every route.`);
    }
    reply.header('allow', methods.join(', '));
    return problemOfStatus(405, `${path} does not take ${request.method}, only ${methods.join(', ')}.`);
  }
}

/**
 * Reads and drops the rest of a rejected body. Closing the connection would reset it, and the client might
 * never see the response. A client that waits for 100 Continue and gets this response sends no body.
 */
function dropBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.readableEnded) return;
  if (raw.headers.expect !== undefined && !raw.readableDidRead) reply.header('connection', 'close');
  else raw.unpipe().resume();
}

interface FastifyErrorLike extends Error {
  code: string;
  statusCode?: number;
}

/** Fastify's own error, which Nest may have wrapped. */
function fastifyErrorOf(error: unknown): FastifyErrorLike | undefined {
  for (const candidate of [error, (error as { cause?: unknown } | null)?.cause]) {
    const { code, statusCode } = (candidate ?? {}) as Partial<FastifyErrorLike>;
    if (
      typeof code === 'string' &&
      code.startsWith('FST_') &&
      typeof statusCode === 'number' &&
      statusCode < 500
    ) {
      return candidate as FastifyErrorLike;
    }
  }
  return undefined;
}

/** Status and advice for errors whose Fastify message does not say what to do. */
const ADVICE: Readonly<Record<string, (request: FastifyRequest) => [status: number, detail: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ headers }) => [
    415,
    headers['content-type']
      ? `A body of type ${headers['content-type']} is not accepted here. /docs shows what each route accepts.`
      : 'The body has no content type. Send a Content-Type header. /docs shows what each route accepts.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: () => [
    413,
    'The body is too large. Send less at once, or raise WELLFORMED_MAX_BODY_BYTES.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => [400, 'The body is not as long as its Content-Length says.'],
  FST_ERR_BAD_URL: () => [400, 'The path of the address is malformed. Encode special characters as %XX.'],
  FST_ERR_MAX_PARAM_LENGTH: () => [414, 'A part of the path is too long.'],
  FST_MP_PREMATURE_CLOSE: () => [400, 'The upload broke off before its end. Send it again.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: () => [
    415,
    'The body is no multipart form. With curl: -F file=@sentences.tsv',
  ],
  FST_REQ_FILE_TOO_LARGE: () => [
    413,
    'The file is too large. Split it, or raise WELLFORMED_MAX_UPLOAD_BYTES.',
  ],
  FST_PARTS_LIMIT: () => [422, 'The form has too many parts. /docs shows which it may have.'],
  FST_PROTO_VIOLATION: () => [422, 'A field of the form has a name that is not allowed.'],
};

/** Converts an error of Fastify to a problem. */
export function fastifyProblem(error: FastifyErrorLike, request: FastifyRequest): Problem {
  const advice = ADVICE[error.code];
  const [status, detail] = advice ? advice(request) : [error.statusCode ?? 400, error.message];
  return problemOfStatus(status, detail);
}

/** Converts the error of Nest's cross-site protection. Nothing else throws this class. */
function crossSiteProblem({ message }: ForbiddenException): Problem {
  return problemOfStatus(
    403,
    `${message}. A page of another site may change nothing here, unless WELLFORMED_CORS_ORIGINS names its origin.`,
  );
}

/** Returns the result of each check from an error of @nestjs/terminus. */
function checksOf(error: HttpException): Record<string, { status: string }> | undefined {
  const response = error.getResponse();
  return typeof response === 'object'
    ? (response as { details?: Record<string, { status: string }> }).details
    : undefined;
}

function failedChecksProblem(status: number, checks: Record<string, { status: string }>): Problem {
  const statuses = Object.entries(checks).map(([name, check]) => [name, check.status] as const);
  const down = statuses.filter(([, check]) => check !== 'up').map(([name]) => name);
  return {
    ...problemOfStatus(status, `Not ready: ${down.join(' and ')} down. The log of the service tells why.`),
    checks: Object.fromEntries(statuses),
  };
}
