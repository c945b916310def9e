import type { OpenAPIObject } from '@nestjs/swagger';
import { expect, it } from 'vitest';
import { completeDocument } from './document-completion.js';

const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function documentOf(path: string, operations: Record<string, object>): OpenAPIObject {
  const text = { type: 'string' } as const;
  return {
    openapi: '3.0.0',
    info: { title: 'x', version: '1' },
    paths: { [path]: operations },
    components: {
      schemas: {
        Asked: { type: 'object', properties: { text, parts: { type: 'array', items: schema('Part') } } },
        Part: { type: 'object', properties: { text, whole: schema('Asked') } },
        Told: { type: 'object', properties: { text } },
      },
    },
  };
}

function statusesOf(path: string, method: string): string[] {
  const document = completeDocument(
    documentOf(path, { [method]: { responses: { 200: { description: 'x' } } } }),
  );
  const { responses } = (document.paths[path] as Record<string, { responses: object }>)[method]!;
  return Object.keys(responses);
}

it('names the answers that any request may get', () => {
  expect(statusesOf('/health/live', 'get')).toEqual(['200', '400', '408', '431', '500']);
  expect(statusesOf('/models/{id}', 'get')).toEqual(['200', '400', '403', '408', '414', '431', '500']);
  expect(statusesOf('/models/{id}', 'delete')).toEqual(expect.arrayContaining(['413', '415', '417', '507']));
  expect(statusesOf('/predict', 'post')).not.toContain('507');
});

it('keeps what an operation says itself', () => {
  const responses = { 400: { description: 'mine' } };
  completeDocument(documentOf('/x', { get: { responses } }));
  expect(responses[400]).toMatchObject({ description: 'mine' });
  expect(responses[400]).not.toHaveProperty('content');
});

it('closes the schemas of bodies, also those that refer to each other, and no others', () => {
  const requestBody = { content: { 'application/json': { schema: { allOf: [schema('Asked')] } } } };
  const answer = { description: 'x', content: { 'application/json': { schema: schema('Told') } } };
  const { components } = completeDocument(
    documentOf('/x', { post: { requestBody, responses: { 200: answer } } }),
  );
  expect(components!.schemas).toMatchObject({
    Asked: { additionalProperties: false },
    Part: { additionalProperties: false },
  });
  expect(components!.schemas!.Told).not.toHaveProperty('additionalProperties');
});

it('tells of every answer that it bears the id of its request', () => {
  const document = completeDocument(
    documentOf('/x', { get: { responses: { 200: { description: 'x', headers: { ETag: {} } } } } }),
  );
  const { responses } = (document.paths['/x'] as { get: { responses: Record<string, { headers: object }> } })
    .get;
  const requestId = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
  expect(responses['200']!.headers).toEqual({ ...requestId, ETag: {} });
  for (const { headers } of Object.values(responses)) expect(headers).toMatchObject(requestId);
  expect(document.components?.headers?.['RequestId']).toMatchObject({ schema: { type: 'string' } });
});
