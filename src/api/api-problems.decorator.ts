import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemDetails } from './problem-details.dto.js';
import { PROBLEM_MEDIA_TYPE } from './problem-details.js';

const DESCRIPTIONS = {
  400: 'The request is malformed. For JSON, the detail has the line and column.',
  401: 'The service asks for a key, and the request has none or an unknown one.',
  403: 'The key lacks the scope for this route, or a page of another site may not send this request, or `Host` has a name that the service does not answer to.',
  404: 'There is nothing under this id or name.',
  408: 'The client sent or read nothing for too long.',
  409: 'The present state does not allow it. The detail says what to do first.',
  413: 'The body or the file is too large, packed or unpacked.',
  414: 'A part of the path is too long.',
  415: 'This route does not accept the content type, its charset or its content coding. `Accept-Encoding` names the codings that it accepts.',
  416: 'The file does not have these bytes. `Content-Range` says how many it has.',
  417: '`Expect` may only ask for 100-continue.',
  422: 'The request is well-formed, but some values are not valid. `errors` lists them.',
  429: 'Too many requests are waiting. `Retry-After` says in how many seconds to try again.',
  431: 'The headers of the request are too long.',
  500: 'Something went wrong in the service.',
  503: 'The service cannot do this now.',
  507: 'The disk of the service is full. Nothing was stored.',
} as const;

export type ProblemStatus = keyof typeof DESCRIPTIONS;

const retryAfter = { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } as const;
const acceptEncoding = {
  description: 'Content codings that a body may have.',
  schema: { type: 'string' },
} as const;
const contentRange = { description: '`bytes */438000000`.', schema: { type: 'string' } } as const;

const HEADERS: Partial<Record<ProblemStatus, { headers: Record<string, object> }>> = {
  415: { headers: { 'Accept-Encoding': acceptEncoding } },
  416: { headers: { 'Content-Range': contentRange } },
  429: { headers: { 'Retry-After': retryAfter } },
  503: { headers: { 'Retry-After': { ...retryAfter, description: 'Seconds, if known.' } } },
};

/** Documents the errors of a route. It adds 500, which every route can return. */
export function ApiProblems(...statuses: ProblemStatus[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDetails),
    ...[...statuses, 500 as const].map((status) => problemResponse(status)),
  );
}

/** Documents the errors that a request can get before it reaches its route. */
export function ApiGateProblems(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDetails),
    problemResponse(401),
    problemResponse(403),
    problemResponse(429, 'More requests per minute than `RateLimit-Policy` allows.'),
  );
}

function problemResponse(
  status: ProblemStatus,
  description: string = DESCRIPTIONS[status],
): MethodDecorator & ClassDecorator {
  return ApiResponse({ status, ...problemDocumentation(status, description) });
}

/** The OpenAPI response for a problem. */
export function problemDocumentation(status: ProblemStatus, description: string = DESCRIPTIONS[status]) {
  return {
    description,
    ...HEADERS[status],
    content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: getSchemaPath(ProblemDetails) } } },
  };
}
