import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DatasetDto } from '../packages/client/src/index.js';
import { TrainingService } from '../src/training/training.service.js';
import { formOf, problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';

const rows = '1\tThe cat sat.\n0\tCat the sat.\n';
const latin1 = (text: string) => Buffer.from(text, 'latin1');

let service: Service;

beforeAll(async () => {
  service = await startService(undefined, { WELLFORMED_MAX_UPLOAD_BYTES: '200000' });
});
afterAll(async () => {
  await service.stop();
  removeFolders();
});

/** A form of parts that are written by hand. */
function handmade(
  ...parts: { headers: string[]; body: string | Buffer }[]
): [Buffer, Record<string, string>] {
  const pieces = parts.flatMap(({ headers, body }) => [
    // A name may have any bytes.
    latin1(`--b\r\n${headers.join('\r\n')}\r\n\r\n`),
    Buffer.from(body as Buffer),
    latin1('\r\n'),
  ]);
  return [
    Buffer.concat([...pieces, latin1('--b--\r\n')]),
    { 'content-type': 'multipart/form-data; boundary=b' },
  ];
}

const disposition = (rest: string) => `Content-Disposition: form-data; ${rest}`;
const file = { headers: [disposition('name="file"; filename="set.tsv"')], body: rows };
const field = (name: string, body: string | Buffer, ...headers: string[]) => ({
  headers: [disposition(`name="${name}"`), ...headers],
  body,
});
const named = (fileName: string) => ({ headers: [disposition(`name="file"; ${fileName}`)], body: rows });

const post = (url: string, ...parts: Parameters<typeof handmade>) =>
  service.client.request('POST', url, ...handmade(...parts));

async function refusal(status: number, url: string, ...parts: Parameters<typeof handmade>) {
  const problem = await problemOf(await post(url, ...parts), status);
  return { detail: problem.detail, pointers: problem.errors?.map(({ pointer }) => pointer) };
}

async function stored(...parts: Parameters<typeof handmade>): Promise<DatasetDto> {
  const response = await post('/datasets', ...parts);
  expect(response.status).toBe(201);
  return (await response.json()) as DatasetDto;
}

describe('text of a form', () => {
  it('is UTF-8, in fields and in names of files', async () => {
    expect(await stored(field('name', 'Café 語'), file)).toMatchObject({ name: 'Café 語' });
    expect(
      await stored(field('name', 'Café', 'Content-Type: text/plain; charset=utf-8'), file),
    ).toMatchObject({
      name: 'Café',
    });
    const bytes = Buffer.from('café 😀.tsv').toString('latin1');
    expect(await stored(named(`filename="${bytes}"`))).toMatchObject({ originalFileName: 'café 😀.tsv' });
    // As Python's requests and others send it (RFC 5987).
    expect(await stored(named("filename*=utf-8''caf%C3%A9.tsv"))).toMatchObject({
      originalFileName: 'café.tsv',
    });
  });

  it('is refused where it is no UTF-8, with the field and the place', async () => {
    const { pointers, detail } = await refusal(422, '/datasets', field('name', latin1('café')), file);
    expect(pointers).toEqual(['#/name']);
    expect(detail).toMatch(/field name .* byte 4 \(0xe9\) is not UTF-8/);
    for (const name of ['filename="caf\u00e9.tsv"', "filename*=utf-8''caf%E9.tsv"]) {
      expect(await refusal(422, '/datasets', named(name))).toEqual({
        pointers: ['#/file'],
        detail: expect.stringMatching(/name of the file, "caf\uFFFD.*not UTF-8/) as string,
      });
    }
    expect((await refusal(422, '/datasets', field('n\u00e4me', 'x'), file)).detail).toContain(
      'not a known field',
    );
  });

  it('is refused where it is encoded', async () => {
    const base64 = field('name', 'Q2Fmw6k=', 'Content-Transfer-Encoding: base64');
    expect(await refusal(422, '/datasets', base64, file)).toMatchObject({ pointers: ['#/name'] });
    const quoted = { ...file, headers: [...file.headers, 'Content-Transfer-Encoding: quoted-printable'] };
    expect((await refusal(422, '/datasets', quoted)).detail).toContain('quoted-printable');
  });
});

describe('a form', () => {
  it('is refused with fields that are too long, too many, or without a name', async () => {
    expect(await refusal(422, '/datasets', field('name', 'x'.repeat(2 ** 16 + 1)), file)).toMatchObject({
      pointers: ['#/name'],
      detail: expect.stringContaining('too long') as string,
    });
    expect(await refusal(422, '/datasets', field('name', 'a'), file, field('name', 'b'))).toMatchObject({
      pointers: ['#/name'],
    });
    const many = Array.from({ length: 61 }, (_, i) => field(`f${i}`, 'x'));
    expect((await refusal(422, '/datasets', ...many)).detail).toContain('too many parts');
    await refusal(400, '/datasets', { headers: ['Content-Disposition: form-data'], body: 'x' }, file);
    expect((await refusal(422, '/datasets', field('__proto__', 'x'), file)).detail).toContain('not allowed');
    const long = await refusal(422, '/datasets', field('n'.repeat(10_000), 'x'), file);
    expect(long.detail).toMatch(/^The form is not valid: n{90,100}…? is not a known field/);
  });

  it('says which part of it is broken JSON, and where', async () => {
    for (const headers of [[], ['Content-Transfer-Encoding: 8bit']]) {
      const part = field('classWeights', '[2,\n 1', 'Content-Type: application/json', ...headers);
      expect(await refusal(422, '/train', file, part)).toEqual({
        pointers: ['#/classWeights'],
        detail: expect.stringMatching(/classWeights.* not valid JSON: line 2, column 3/) as string,
      });
    }
  });

  it('keeps nothing of what it is refused with', async () => {
    const before = await service.client.api.datasets.list();
    await refusal(422, '/datasets', file, field('name', latin1('\u00ff')));
    expect(await service.client.api.datasets.list()).toEqual(before);
    expect(readdirSync(path.join(service.folder, 'staging'))).toEqual([]);
  });
});

interface Schema {
  type?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  nullable?: boolean;
  enum?: string[];
  items?: Schema;
  oneOf?: Schema[];
  format?: string;
}

/** Values that a field may have, by the document. */
function valuesOf({ oneOf, nullable, ...schema }: Schema): unknown[] {
  if (nullable) return [null, ...valuesOf({ oneOf, ...schema })];
  if (oneOf) return oneOf.flatMap(valuesOf);
  if (schema.enum) return schema.enum;
  const { type, minimum = 0, maximum = 1 } = schema;
  switch (type) {
    case 'integer':
    case 'number':
      return [schema.exclusiveMinimum ? maximum / 3 : minimum, maximum];
    case 'array':
      return [valuesOf(schema.items!)];
    case 'string':
      return ['A text, "quoted": 2,1', '7', 'null', '[1]'];
    default:
      throw new Error(`No values of ${type}`);
  }
}

describe('the form of a training', () => {
  const { properties } = (
    JSON.parse(readFileSync(new URL('../openapi/openapi.json', import.meta.url), 'utf8')) as {
      components: { schemas: Record<string, { properties: Record<string, Schema> }> };
    }
  ).components.schemas['TrainingFormDto']!;
  // The files, and what says how to read them, have no place in JSON.
  const fields = Object.entries(properties).filter(
    ([name, { format }]) => format !== 'binary' && name !== 'format',
  );
  const datasetId = 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB';

  /** What the training is asked, as the request is understood, or what is wrong with it. There is no such dataset: nothing begins. */
  async function asked(body: FormData | object): Promise<unknown> {
    const create = vi.spyOn(service.app.get(TrainingService), 'create');
    const response = await service.client.request('POST', '/train', body);
    const [call] = create.mock.calls;
    create.mockRestore();
    if (!call) return (await problemOf(response, 422)).errors;
    return call[0];
  }

  function form(name: string, ...values: (string | Blob)[]): FormData {
    const made = new FormData();
    if (name !== 'datasetId') made.set('datasetId', datasetId);
    for (const value of values) made.append(name, value as string);
    return made;
  }

  const json = (value: unknown) => new Blob([JSON.stringify(value)], { type: 'application/json' });

  it.each(fields)('takes %s in each of its forms for what it is as JSON', async (name, schema) => {
    for (const value of valuesOf(schema)) {
      const expected = await asked({ datasetId, [name]: value });
      expect(expected).toHaveProperty(name, value);
      expect(await asked(form(name, json(value)))).toEqual(expected);
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      expect(await asked(form(name, text))).toEqual(expected);
      if (!Array.isArray(value)) continue;
      expect(await asked(form(name, value.join(',')))).toEqual(expected);
      expect(await asked(form(name, ...value.map(String)))).toEqual(expected);
      expect(await asked(form(name, ...value.map(json)))).toEqual(expected);
    }
  });

  it.each(fields)('refuses of %s what its JSON would be refused for', async (name) => {
    for (const value of [null, true, {}, [], [1, 'x'], -1]) {
      const expected = await asked({ datasetId, [name]: value });
      expect(await asked(form(name, json(value)))).toEqual(expected);
    }
  });

  it('leaves out what was left empty', async () => {
    expect(await asked(form('seed', ''))).toEqual(await asked({ datasetId }));
  });

  it('is told apart from files', async () => {
    const problem = await service.client.problem(422, 'POST', '/train', form('epochs', new Blob(['3'])));
    expect(problem.errors).toEqual([
      { pointer: '#/epochs', message: 'epochs is no known file. Known: file, validationFile' },
    ]);
    const text = await service.client.problem(422, 'POST', '/train', form('file', 'x.tsv'));
    expect(text.detail).toContain('mind the @');
    expect((await service.client.request('POST', '/datasets', formOf(rows, { name: 'x' }))).status).toBe(201);
  });
});
