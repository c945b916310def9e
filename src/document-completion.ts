import type { OpenAPIObject } from '@nestjs/swagger';
import { problemDocumentation, type ProblemStatus } from './api/api-problems.decorator.js';

type Operation = OpenAPIObject['paths'][string]['get'] & object;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/**
 * Adds what applies to all operations: the answers that a request may get before it reaches its route, and
 * that a body may have only the fields of its schema.
 */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item as Record<string, unknown>)) {
      if (isOperation(operation)) addAnswers(operation, answersOfAll(method, path));
    }
  }
  refuseUnknownFields(document);
  tellOfRequestIds(document);
  allowNullInEnums(document);
  return document;
}

/** In OpenAPI 3.0, the enum of a nullable value must list null. */
function allowNullInEnums(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  const schema = part as { enum?: unknown; nullable?: unknown };
  const { enum: words, nullable } = schema;
  // Make a new list, because the code uses the existing one for comparisons.
  if (Array.isArray(words) && nullable === true) schema.enum = [...(words as unknown[]), null];
  Object.values(part).forEach(allowNullInEnums);
}

/** Adds the header with the request id to every answer. The log uses the same id. */
function tellOfRequestIds(document: OpenAPIObject): void {
  document.components = {
    ...document.components,
    headers: {
      ...document.components?.headers,
      RequestId: {
        description:
          'The id of the request in the log: the one that came along in this header, or a new one.',
        schema: { type: 'string' },
      },
    },
  };
  const header = { $ref: '#/components/headers/RequestId' };
  for (const item of Object.values(document.paths)) {
    for (const operation of Object.values(item as Record<string, unknown>)) {
      if (!isOperation(operation)) continue;
      for (const response of Object.values(operation.responses)) {
        if (response && !('$ref' in response))
          response.headers = { 'X-Request-Id': header, ...response.headers };
      }
    }
  }
}

/** Errors from hooks, the router, body parsers and the disk. */
function answersOfAll(method: string, path: string): ProblemStatus[] {
  const always: ProblemStatus[] = [400, 408, 431, 500];
  if (path.includes('{')) always.push(414);
  if (!path.startsWith('/health/')) always.push(403);
  if (method === 'get') return always;
  // A body is read even if the route takes none.
  const ofBodies: ProblemStatus[] = [413, 415, 417];
  if (path === '/predict') return [...always, ...ofBodies];
  return [...always, ...ofBodies, 507];
}

function addAnswers({ responses }: Operation, statuses: readonly ProblemStatus[]): void {
  for (const status of statuses) responses[status] ??= problemDocumentation(status);
}

/** Documents that `StrictValidationPipe` and `validated` refuse unknown fields. */
function refuseUnknownFields({ paths, components }: OpenAPIObject): void {
  const schemas: Schemas = components?.schemas ?? {};
  const seen = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const { $ref: reference } = part as { $ref?: unknown };
    if (typeof reference !== 'string') return Object.values(part).forEach(visit);
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    const schema = schemas[name];
    if (schema === undefined || seen.has(name)) return;
    seen.add(name);
    if ('properties' in schema) schema.additionalProperties = false;
    visit(schema);
  };
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item as Record<string, unknown>)) {
      if (isOperation(operation)) visit(operation.requestBody);
    }
  }
}

function isOperation(item: unknown): item is Operation {
  return typeof item === 'object' && item !== null && 'responses' in item;
}
