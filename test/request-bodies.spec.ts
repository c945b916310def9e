import { connect } from 'node:net';
import { rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf, problemOf } from './support/http.js';
import { seededFolder } from './support/seeded-folder.js';
import { startService, type Service } from './support/service.js';

const MOST_BYTES = 100_000;
const sentence = 'The café sat on the mat.';

let service: Service;
let folder: string;
let url: string;
let plainScore: number;
beforeAll(async () => {
  folder = (await seededFolder()).path;
  service = await startService(folder, {
    WELLFORMED_MAX_BODY_BYTES: String(MOST_BYTES),
    WELLFORMED_MAX_UPLOAD_BYTES: '2 MiB',
  });
  url = await service.app.getUrl();
  ({ score: plainScore } = await service.client.judge(sentence));
}, 60_000);
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const send = (method: string, path: string, body: Uint8Array | string, headers: Record<string, string>) =>
  fetch(url + path, { method, body: body as string, headers });
const json = { 'content-type': 'application/json' };

/** A form as bytes, with the type that names its boundary. */
async function bytesOf(form: FormData): Promise<[Uint8Array, Record<string, string>]> {
  const { headers, body } = new Request('http://localhost', { method: 'POST', body: form });
  const parts = [];
  for await (const part of body!) parts.push(part as Uint8Array);
  return [Buffer.concat(parts), { 'content-type': headers.get('content-type')! }];
}

describe.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['GZip', gzipSync],
] as const)('a body in the coding %s', (coding, pack) => {
  const encoding = { 'content-encoding': coding };

  it('is taken as JSON and as text', async () => {
    const asJson = await send('POST', '/predict', pack(JSON.stringify({ sentence })), {
      ...json,
      ...encoding,
    });
    expect(await asJson.json()).toMatchObject({ score: plainScore });
    const asText = await send('POST', '/predict', pack(sentence), {
      'content-type': 'text/plain',
      ...encoding,
    });
    expect(await asText.json()).toMatchObject({ score: plainScore });
  });

  it('is taken as a stream, however long', async () => {
    const lines = `${JSON.stringify(sentence)}\n`.repeat(10_000);
    const answer = await send('POST', '/predict', pack(lines), {
      'content-type': 'application/x-ndjson',
      ...encoding,
    });
    const judged = (await answer.text()).trimEnd().split('\n');
    expect(judged).toHaveLength(10_000);
    expect(JSON.parse(judged.at(-1)!)).toMatchObject({ line: 10_000, score: plainScore });
  });

  it('is taken as a form', async () => {
    const rows = '1\tWe go home.\n0\tWe goes home.\n'.repeat(5000);
    const [form, type] = await bytesOf(formOf(rows, { name: 'Packed' }));
    const answer = await send('POST', '/datasets', pack(form), { ...type, ...encoding });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ name: 'Packed', rows: 10_000 });
  });

  it('is refused where it unpacks to more than a route takes, and the connection goes on', async () => {
    const long = JSON.stringify({ sentence: 'x'.repeat(MOST_BYTES) });
    const problem = await problemOf(
      await send('POST', '/predict', pack(long), { ...json, ...encoding }),
      413,
    );
    expect(problem.detail).toContain(`unpacks to more than ${MOST_BYTES} bytes`);
    const [form, type] = await bytesOf(formOf('1\tWe go home.\n'.repeat(300_000)));
    await problemOf(await send('POST', '/datasets', pack(form), { ...type, ...encoding }), 413);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it('is refused where it is something else, whole or not', async () => {
    const whole = pack(JSON.stringify({ sentence }));
    for (const body of [Buffer.from(JSON.stringify({ sentence })), whole.subarray(0, whole.length - 5)]) {
      const { detail } = await problemOf(await send('POST', '/predict', body, { ...json, ...encoding }), 400);
      expect(detail).toContain(`does not match its Content-Encoding, ${coding.toLowerCase()}`);
    }
    await problemOf(
      await send('POST', '/predict', 'We go.', { 'content-type': 'text/tab-separated-values', ...encoding }),
      400,
    );
    const [form, type] = await bytesOf(formOf('1\tWe go home.\n'));
    await problemOf(await send('POST', '/datasets', form, { ...type, ...encoding }), 400);
  });
});

describe('a body in another coding', () => {
  it.each(['zstd', 'compress', 'gzip, br', 'constructor', 'utf-8'])('is refused: %s', async (coding) => {
    for (const [path, type] of [
      ['/predict', 'application/json'],
      ['/predict', 'application/x-ndjson'],
      ['/datasets', 'multipart/form-data; boundary=b'],
    ] as const) {
      const answer = await send('POST', path, 'x', { 'content-type': type, 'content-encoding': coding });
      expect(answer.headers.get('accept-encoding')).toBe('gzip, deflate, br');
      expect((await problemOf(answer, 415)).detail).toContain('gzip, deflate, br');
    }
  });

  it('is what it is where the coding is identity', async () => {
    const answer = await send('POST', '/predict', JSON.stringify({ sentence }), {
      ...json,
      'content-encoding': 'identity',
    });
    expect(await answer.json()).toMatchObject({ score: plainScore });
  });
});

describe('bytes that are not UTF-8', () => {
  const latin1 = (value: unknown) => Buffer.from(JSON.stringify(value), 'latin1');

  it('are refused in JSON on every route, with their place', async () => {
    const { items } = await service.client.api.models.list();
    const [model] = items;
    for (const [method, path, body, at] of [
      ['POST', '/predict', latin1({ sentence }), 21],
      ['PATCH', `/models/${model!.id}`, latin1({ name: 'café' }), 13],
      ['POST', '/train', latin1({ datasetId: 'é' }), 15],
      ['PUT', '/aliases/production', latin1({ modelId: 'é' }), 13],
    ] as const) {
      const problem = await problemOf(await send(method, path, body, json), 422);
      expect(problem.errors![0]!.message).toContain(`byte ${at} (0xe9) is not UTF-8`);
    }
    expect(await service.client.model(model!.id)).toMatchObject({ name: model!.name });
  });

  it('are refused as text, with their place', async () => {
    const body = Buffer.from(sentence, 'latin1');
    const problem = await problemOf(
      await send('POST', '/predict', body, { 'content-type': 'text/plain' }),
      422,
    );
    expect(problem.errors![0]!.message).toContain('byte 8 (0xe9) is not UTF-8');
  });

  it('are refused by the name of their charset', async () => {
    for (const type of ['application/json', 'text/plain', 'application/x-ndjson']) {
      const charset = { 'content-type': `${type}; charset=iso-8859-1` };
      const { detail } = await problemOf(await send('POST', '/predict', latin1(sentence), charset), 415);
      expect(detail).toContain('iso-8859-1');
    }
    const utf8 = { 'content-type': 'application/json; charset=UTF-8' };
    expect((await send('POST', '/predict', JSON.stringify({ sentence }), utf8)).status).toBe(200);
  });
});

describe('a request that waits for 100 Continue', () => {
  /** What comes for a head alone; where it is to go on, the body follows. */
  async function answerTo(head: string, body = ''): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('data', (chunk: Buffer) => {
      if (chunk.toString().startsWith('HTTP/1.1 100')) socket.write(body);
    });
    socket.write(`${head}\r\nhost: localhost\r\nexpect: 100-continue\r\n\r\n`);
    // A request that is answered without its body ends the connection: nobody could tell where the next begins.
    return text(socket);
  }

  it.each([
    ['413', 'POST /predict HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 200000'],
    [
      '413',
      'POST /datasets HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 200000000',
    ],
    ['415', 'POST /predict HTTP/1.1\r\ncontent-type: text/xml\r\ncontent-length: 10'],
    [
      '415',
      'POST /predict HTTP/1.1\r\ncontent-type: text/plain\r\ncontent-encoding: zstd\r\ncontent-length: 10',
    ],
    [
      '415',
      'PATCH /models/x HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 10',
    ],
    ['404', 'POST /nowhere HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 10'],
    ['405', 'POST /health/live HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 10'],
    [
      '403',
      'POST /predict HTTP/1.1\r\norigin: http://evil.example\r\nsec-fetch-site: cross-site\r\ncontent-length: 10',
    ],
  ])('is refused without it: %s to %s', async (status, head) => {
    expect(await answerTo(head)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close`, 'i'));
  });

  it.each([
    ['application/json', JSON.stringify({ sentence })],
    ['text/plain', sentence],
    ['application/x-ndjson', JSON.stringify(sentence)],
  ])('is told to go on where nothing stands against it: %s', async (type, body) => {
    const head = `POST /predict HTTP/1.1\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}`;
    const answer = await answerTo(head, body);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200']);
    expect(answer).toContain(String(plainScore));
  });
});
