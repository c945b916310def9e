import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf } from './support/http.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
}

interface Operation {
  tags?: string[];
  summary?: string;
  parameters?: { name: string; in: string; description?: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

// The built service: only there the compiler plugin has read the doc comments.
describe('the documentation', () => {
  let service: RunningService;
  let document: Document;
  beforeAll(async () => {
    service = await startServiceProcess();
    document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
  });
  afterAll(() => service.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
    );

  it('is shown at /docs, with everything that the page needs', async () => {
    for (const address of [`${service.url}/docs`, `${service.url}/docs/`]) {
      const response = await fetch(address);
      const assets = [...(await response.text()).matchAll(/(?:src|href)="([^"#]+)"/g)].map(
        ([, asset]) => asset!,
      );
      expect(assets.length).toBeGreaterThan(2);
      for (const asset of assets) {
        expect(asset, 'nothing is fetched from elsewhere').not.toMatch(/^(https?:)?\/\//);
        expect([asset, (await fetch(new URL(asset, response.url))).status]).toEqual([asset, 200]);
      }
    }
  });

  it('has for every route a group, a summary, an answer and its errors', () => {
    for (const { name, tags, summary, responses } of operations()) {
      expect(tags, name).toHaveLength(1);
      expect(summary, name).toBeTruthy();
      expect(
        Object.keys(responses).some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
      expect(responses, name).toHaveProperty('500');
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400) continue;
        const schema = content?.['application/problem+json']?.schema;
        expect(schema, `${name} ${status}`).toEqual({ $ref: '#/components/schemas/ProblemDetails' });
      }
    }
  });

  it('has fields in every schema', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (schema.type === 'object') expect(Object.keys(schema.properties ?? {}), name).not.toEqual([]);
    }
    expect(Object.keys(document.components.schemas.ProblemDetails!.properties!).sort()).toEqual(
      ['checks', 'detail', 'errorCount', 'errorId', 'errors', 'instance', 'status', 'title', 'type'].sort(),
    );
  });

  it('names null among the words of what may be null', () => {
    const lacking: string[] = [];
    const visit = (part: unknown, place: string) => {
      if (typeof part !== 'object' || part === null) return;
      const { enum: words, nullable } = part as { enum?: unknown[]; nullable?: boolean };
      if (Array.isArray(words) && nullable && words.filter((word) => word === null).length !== 1)
        lacking.push(place);
      for (const [name, value] of Object.entries(part)) visit(value, `${place}/${name}`);
    };
    visit(document, '');
    expect(lacking).toEqual([]);
    expect(JSON.stringify(document.components.schemas.ComparisonDto)).toContain('["a","b",null]');
  });

  it('tells the query of lists', () => {
    for (const path of ['/datasets', '/datasets/{id}/rows', '/models', '/train']) {
      const query = document.paths[path]!.get!.parameters!.filter((parameter) => parameter.in === 'query');
      expect(query.map(({ name }) => name).sort(), path).toEqual(expect.arrayContaining(['cursor', 'limit']));
    }
  });

  it('offers a file chooser for the upload', () => {
    const { schema } = document.paths['/datasets']!.post!.requestBody!.content['multipart/form-data']!;
    const form = document.components.schemas[schema.$ref!.split('/').at(-1)!]!;
    expect(form.properties!.file).toMatchObject({ type: 'string', format: 'binary' });
  });

  it('says of a dataset what the service says', async () => {
    const response = await fetch(`${service.url}/datasets`, { method: 'POST', body: formOf('1\tWe go.\n') });
    const dataset = (await response.json()) as object;
    const told = document.components.schemas.DatasetDto!.properties!;
    expect(Object.keys(dataset).sort()).toEqual(Object.keys(told).sort());
  });
});
