import { Agent, request } from 'node:http';
import { rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamTypes } from '../src/predictions/streams/stream-types.js';
import { seededFolder } from './support/seeded-folder.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

/** Below the limit of bodies. */
const MOST_BYTES = 2 ** 20 - 1000;

/** `/health/live` is answered within so many milliseconds, whatever else comes. */
const LONGEST_WAIT = 100;

/** A machine that does other things may be slow once; a body that takes long takes long each time. */
const TRIES = 10;

interface Hostile {
  what: string;
  type?: string;
  coding?: string;
  body?: string | Buffer;
  query?: string;
}

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
}

interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let service: RunningService;
let folder: string;
let document: Document;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  folder = (await seededFolder()).path;
  service = await startServiceProcess({ data: folder });
  document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
}, 120_000);
afterAll(async () => {
  agent.destroy();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the service under bodies of the greatest size', () => {
  it('answers /health/live all the same, and each with a problem that is small, on every route', async () => {
    const tooSlow: string[] = [];
    let count = 0;
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        for (const hostile of hostilesFor(method, operation)) {
          count++;
          const name = `${method} ${path}: ${hostile.what}`;
          const wait = await fastest(name, method, path, hostile);
          if (wait > LONGEST_WAIT) tooSlow.push(`${name} held it up for ${Math.round(wait)} ms`);
        }
      }
    }
    expect(tooSlow).toEqual([]);
    expect(count).toBeGreaterThan(150);
  }, 240_000);

  it('are taken where they are good', async () => {
    const ask = async (body: object) => {
      const answer = await fetch(`${service.url}/predict`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      return [answer.status, await answer.text()] as const;
    };
    const sentence = 'We go home. '.repeat(100);
    const sentences = Array<string>(256).fill(sentence);
    expect((await ask({ sentences, logits: true }))[0]).toBe(200);
    const pairs = Array(128).fill({ a: sentence, b: sentence });
    expect(
      (await ask({ pairs, model: 'production', precision: 'fp32', threshold: 'default', logits: true }))[0],
    ).toBe(200);
  });
});

/** The longest that `/health/live` took meanwhile, of the best of some tries. */
async function fastest(name: string, method: string, path: string, hostile: Hostile): Promise<number> {
  let best = Infinity;
  for (let tries = 0; tries < TRIES && best > LONGEST_WAIT; tries++) {
    // What else this machine does may be over by then.
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 100 * tries));
    const watch = watchHealth();
    const { status, text } = await send(method, path, hostile).catch((error: unknown) => {
      throw new Error(name, { cause: error });
    });
    best = Math.min(best, await watch.stop());
    expect([name, status, text.slice(0, 300)]).toEqual([
      name,
      expect.toSatisfy((one: number) => isAnswered(one, hostile)),
      text.slice(0, 300),
    ]);
    expect([name, text.length < 64 * 1024]).toEqual([name, true]);
  }
  return best;
}

/** A stream is answered line by line, and a query may be of no matter; all else is refused. */
function isAnswered(status: number, { type, query }: Hostile): boolean {
  const isTaken = query !== undefined || streamTypes.some((stream) => stream === type);
  return (status >= 400 && status < 500) || (isTaken && status === 200);
}

function watchHealth(): { stop(): Promise<number> } {
  let longest = 0;
  let isOver = false;
  const watching = (async () => {
    do {
      const start = performance.now();
      const { status } = await send('get', '/health/live', {});
      expect(status).toBe(200);
      longest = Math.max(longest, performance.now() - start);
    } while (!isOver);
  })();
  // It is awaited at the end.
  watching.catch(() => undefined);
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return longest;
    },
  };
}

function send(
  method: string,
  template: string,
  { type, coding, body, query = '' }: Omit<Hostile, 'what'>,
): Promise<{ status: number; text: string }> {
  const path = template.replace('{name}', 'nobody').replace(/\{\w+\}/g, 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB');
  return new Promise((resolve, reject) => {
    const headers = {
      ...(type && { 'content-type': type }),
      ...(coding && { 'content-encoding': coding }),
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    };
    const asked = request(`${service.url}${path}${query}`, { method: method.toUpperCase(), agent, headers });
    asked.on('error', (error) =>
      reject(new Error(`${method} ${path} failed:\n${service.logs().slice(-2000)}`, { cause: error })),
    );
    asked.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
      answer.on('error', reject);
    });
    asked.end(body);
  });
}

function hostilesFor(method: string, { requestBody }: Operation): Hostile[] {
  const queries: Hostile[] = [
    { what: 'a query of many unknown names', query: `?${filled('', (i) => `a${i}=&`, '', 15_000)}` },
    { what: 'a query of one name, again and again', query: `?${filled('', () => 'limit=1&', '', 15_000)}` },
    { what: 'a query of a long name', query: `?${'x'.repeat(15_000)}=1` },
  ];
  if (method === 'get') return queries;
  const content = requestBody?.content ?? { 'application/json': { schema: {} } };
  return [
    ...queries,
    ...Object.entries(content).flatMap(([type, { schema }]) => {
      if (type === 'application/json') return jsonBodies(fieldsOf(schema)).map((body) => ({ type, ...body }));
      if (type === 'multipart/form-data') return forms(fieldsOf(schema));
      return texts().map((body) => ({ type, ...body }));
    }),
  ];
}

/** A text of the greatest length, of a start, as many parts as there is room for, and an end. */
function filled(start: string, part: (i: number) => string, end: string, most = MOST_BYTES): string {
  const parts = [start];
  for (let i = 0, length = start.length + end.length; ; i++) {
    const next = part(i);
    length += Buffer.byteLength(next);
    if (length > most) return parts.join('') + end;
    parts.push(next);
  }
}

function jsonBodies(fields: Record<string, Schema>): Hostile[] {
  const names = Object.keys(fields);
  const first = names[0] ?? 'x';
  const lists = names.filter((name) => fields[name]!.type === 'array' || fields[name]!.oneOf);
  return [
    { what: 'many unknown fields', body: filled('{"x":0', (i) => `,"a${i}":0`, '}') },
    { what: 'one name, again and again', body: filled('{"x":0', () => ',"x":0', '}') },
    { what: 'a long unknown name', body: `{"${'x'.repeat(MOST_BYTES - 10)}":0}` },
    { what: 'a long unknown name of escapes', body: filled('{"', () => '\\u0000', '":0}') },
    ...[first, ...lists].map((name) => ({
      what: `${name}: a list of empty objects`,
      body: filled(`{"${name}":[{}`, () => ',{}', ']}'),
    })),
    ...[first, ...lists].map((name) => ({
      what: `${name}: lists in lists`,
      body: `{"${name}":${'['.repeat(MOST_BYTES / 2 - 20)}${']'.repeat(MOST_BYTES / 2 - 20)}}`,
    })),
    ...lists.map((name) => ({
      what: `${name}: objects of many unknown fields`,
      body: filled(`{"${name}":[{"x":0`, (i) => (i % 70 === 69 ? '},{"x":0' : `,"a${i}":0`), '}]}'),
    })),
    ...lists.map((name) => ({
      what: `${name}: objects of a long unknown name`,
      body: filled(`{"${name}":[0`, (i) => `,{"${'x'.repeat(5000)}${i}":0}`, ']}'),
    })),
    { what: `${first}: objects in objects`, body: filled('', () => `{"${first}":`, '') },
    ...names
      .filter((name) => fields[name]!.type === 'string')
      .map((name) => ({
        what: `${name}: a long text`,
        body: `{"${name}":"${'x'.repeat(MOST_BYTES - 40)}"}`,
      })),
    { what: 'a list of numbers', body: filled('[0', () => ',0', ']') },
    { what: 'blanks', body: ' '.repeat(MOST_BYTES) },
    { what: 'a long text that nothing ends', body: `{"x":"${'\\n'.repeat(MOST_BYTES / 2 - 10)}` },
    { what: 'bytes that are not UTF-8', body: Buffer.alloc(MOST_BYTES, 0xe9) },
    {
      what: 'a byte at the end that is not UTF-8',
      body: Buffer.concat([
        Buffer.from('"é'.padEnd(MOST_BYTES - 10, 'é'.repeat(9)).slice(0, MOST_BYTES / 2)),
        Buffer.of(0xe9),
      ]),
    },
    { what: 'a gibibyte that is packed', coding: 'gzip', body: bomb() },
  ];
}

let packed: Buffer | undefined;
function bomb(): Buffer {
  const mebibyte = gzipSync(Buffer.alloc(2 ** 20, '['));
  // Members after one another unpack to one text.
  packed ??= Buffer.concat(Array<Buffer>(Math.floor(MOST_BYTES / mebibyte.length)).fill(mebibyte));
  return packed;
}

function texts(): Hostile[] {
  return [
    { what: 'one long line', body: 'x'.repeat(MOST_BYTES) },
    { what: 'blanks', body: ' '.repeat(MOST_BYTES) },
    { what: 'tabs', body: '\t'.repeat(MOST_BYTES) },
    { what: 'bytes that are not UTF-8', body: Buffer.alloc(MOST_BYTES, 0xe9) },
    { what: 'brackets', body: '['.repeat(MOST_BYTES) },
    { what: 'a JSON object of many fields', body: filled('{"sentence":0', (i) => `,"a${i}":0`, '}') },
    { what: 'a form of many fields', body: filled('', (i) => `a${i}=&`, '') },
    { what: 'signs of percent', body: '%'.repeat(MOST_BYTES) },
  ];
}

function forms(fields: Record<string, Schema>): Hostile[] {
  const type = 'multipart/form-data; boundary=b';
  const part = (name: string, value: string, more = '') =>
    `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
  const file = (text: string) => `${part('file', text, '; filename="x.tsv"')}--b--\r\n`;
  const name = Object.keys(fields)[0]!;
  return [
    { what: 'many unknown fields', body: filled('', (i) => part(`a${i}`, 'x'), '--b--\r\n') },
    { what: 'long unknown fields', body: filled('', (i) => part(`a${i}`, 'x'.repeat(20_000)), '--b--\r\n') },
    { what: 'one field, again and again', body: filled('', () => part(name, 'x'), '--b--\r\n') },
    { what: 'a long name', body: part('x'.repeat(MOST_BYTES - 100), 'x') },
    { what: 'what comes before a form', body: '-'.repeat(MOST_BYTES) },
    { what: 'a file of rows without columns', body: file('x\n'.repeat(MOST_BYTES / 2 - 100)) },
    { what: 'a file of wrong rows', body: file('2\tx\n'.repeat(MOST_BYTES / 4 - 100)) },
    { what: 'a file of tabs', body: file('\t'.repeat(MOST_BYTES - 200)) },
    { what: 'a file of line ends', body: file('\n'.repeat(MOST_BYTES - 200)) },
  ].map((form) => ({ type, ...form }));
}

function fieldsOf(schema: Schema): Record<string, Schema> {
  if (schema.$ref) return fieldsOf(document.components.schemas[schema.$ref.split('/').at(-1)!]!);
  const inherited = (schema.allOf ?? []).map(fieldsOf);
  return Object.assign({}, ...inherited, schema.properties) as Record<string, Schema>;
}
