import { cpSync } from 'node:fs';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ProblemDetailsFilter } from '../src/api/problem-details.filter.js';
import { Settings } from '../src/config/settings.js';
import { PredictionsService } from '../src/predictions/predictions.service.js';
import { newApiKey } from './support/api-keys.js';
import { formOf } from './support/http.js';
import { type LoggedService, startLogged } from './support/logged-service.js';
import { practiceRows } from './support/practice-rows.js';
import { removeFolders, until } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';

const { entry, headers } = newApiKey('head', 'admin');
const traceId = '0af7651916cd43dd8448eb211c80319c';

type Line = Record<string, unknown> & { message: string };

let logged: LoggedService;
let app: LoggedService['app'];
let root: string;
const log = () => logged.log();

async function start(environment: Record<string, string>): Promise<void> {
  logged = await startLogged(environment);
  ({ app, root } = logged);
}

async function end(): Promise<void> {
  await logged.end();
  removeFolders();
}

function lines(): Line[] {
  return log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** The lines that have a field with this value, when there are so many. */
async function linesWith(fields: Record<string, unknown>, count = 1): Promise<Line[]> {
  const found = () =>
    lines().filter((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
  await until(() => Promise.resolve(found().length >= count));
  return found();
}

describe('lines for machines', () => {
  beforeAll(async () => {
    await start({ WELLFORMED_API_KEYS: entry });
    await registerTinyModel(app);
  });
  afterAll(end);

  it('are what a log has that is no terminal', () => {
    expect(lines().length).toBeGreaterThan(1);
    for (const line of lines()) {
      expect(line).toMatchObject({ level: expect.any(String) as string, pid: process.pid });
      expect(new Date(line.timestamp as string).toISOString()).toBe(line.timestamp);
    }
  });

  it('say of a request what was asked, by whom, of which model, and how it went', async () => {
    const response = await fetch(`${root}/predict?model=production`, {
      method: 'POST',
      body: 'The cat sat.',
      headers: { ...headers, 'content-type': 'text/plain', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    const { model } = (await response.json()) as { model: { id: string } };
    const requestId = response.headers.get('x-request-id')!;
    expect(requestId).toMatch(/^req_[0-9a-f]{12}_[0-9a-z]+$/);
    const [line, ...more] = await linesWith({ requestId });
    expect(more).toEqual([]);
    expect(line).toEqual({
      timestamp: expect.any(String) as string,
      level: 'info',
      pid: process.pid,
      message: 'POST /predict 200',
      context: 'Request',
      method: 'POST',
      route: '/predict',
      status: 200,
      durationMs: expect.any(Number) as number,
      key: 'head',
      requestId,
      traceId,
      modelId: model.id,
    });
  });

  it('take the id that a request brings along, if it is fit to be one', async () => {
    const get = (id: string) => fetch(`${root}/datasets`, { headers: { ...headers, 'x-request-id': id } });
    expect((await get('ab/12:x=1')).headers.get('x-request-id')).toBe('ab/12:x=1');
    expect(await linesWith({ requestId: 'ab/12:x=1' })).toHaveLength(1);
    for (const id of ['two words', 'a'.repeat(129), '{"a":1}', '']) {
      expect((await get(id)).headers.get('x-request-id')).toMatch(/^req_/);
    }
  });

  it('name what a request made, or asked for', async () => {
    const form = formOf('1\tWe go.\n0\tWe goes.\n');
    const made = await fetch(`${root}/datasets`, { method: 'POST', body: form, headers });
    const { id } = (await made.json()) as { id: string };
    await fetch(`${root}/datasets/${id}/rows?limit=1`, { headers });
    const found = await linesWith({ datasetId: id }, 2);
    expect(found.map(({ message }) => message)).toEqual(['POST /datasets 201', 'GET /datasets/:id/rows 200']);
  });

  it('tell of refusals, of addresses that are none, and of nothing that stood in them', async () => {
    await fetch(`${root}/predict`, { method: 'POST', body: 'x' });
    await fetch(`${root}/of-no-avail?secret=1`, { headers });
    expect(await linesWith({ status: 401, route: '/predict' })).toHaveLength(1);
    expect(await linesWith({ status: 404, route: 'unknown' })).toHaveLength(1);
    expect((await fetch(`${root}/%`, { headers })).headers.get('x-request-id')).toMatch(/^req_/);
    expect(log()).not.toContain('of-no-avail');
  });

  it('tell of an error of the service by the id of its request', async () => {
    vi.spyOn(app.get(PredictionsService), 'predict').mockRejectedValueOnce(new Error('something broke'));
    const response = await fetch(`${root}/predict`, {
      method: 'POST',
      body: 'The cat sat.',
      headers: { ...headers, 'content-type': 'text/plain' },
    });
    const { errorId } = (await response.json()) as { errorId: string };
    const requestId = response.headers.get('x-request-id')!;
    const [error, request] = await linesWith({ requestId }, 2);
    expect(error).toMatchObject({
      level: 'error',
      context: ProblemDetailsFilter.name,
      errorId,
      stack: expect.stringContaining('Error: something broke\n    at ') as string,
    });
    expect(request).toMatchObject({ level: 'warn', status: 500 });
  });

  it('tell of clients that left', async () => {
    const left = httpRequest(`${root}/predict`, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'text/plain',
        'content-length': '100',
        'x-request-id': 'leaver',
      },
    });
    left.on('error', () => {});
    left.write('The cat');
    await once(left, 'socket');
    await new Promise((resolve) => app.getHttpServer().once('request', resolve));
    left.destroy();
    const found = await linesWith({ requestId: 'leaver', context: 'Request' });
    expect(found).toMatchObject([
      { status: null, cutOff: true, message: 'POST /predict cut off by the client' },
    ]);
  });

  it('leave out health checks that go well', async () => {
    expect((await fetch(`${root}/health/live`)).status).toBe(200);
    await fetch(`${root}/datasets`, { headers: { ...headers, 'x-request-id': 'after-health' } });
    await linesWith({ requestId: 'after-health' });
    expect(log()).not.toContain('/health/live');
  });
});

describe('the lines of a training', () => {
  beforeAll(() => start({ WELLFORMED_LOG_FORMAT: 'json' }));
  afterAll(end);

  it('have the id of its run, from its request to its model', { timeout: 180_000 }, async () => {
    const tinyBert = fileURLToPath(new URL('./goldens/tiny-bert/', import.meta.url));
    cpSync(tinyBert, path.join(app.get(Settings).baseModelFolder, 'tiny-bert'), { recursive: true });
    const form = formOf(practiceRows(64, 1), { epochs: '1', baseModel: 'tiny-bert' });
    const response = await fetch(`${root}/train`, { method: 'POST', body: form });
    const { id: runId } = (await response.json()) as { id: string };
    await until(() => Promise.resolve(log().includes(`Run ${runId} succeeded`)));
    const found = await linesWith({ runId }, 5);
    const { modelId } = found.find(({ message }) => message.startsWith('Registered'))!;
    // The line of the request comes when its answer is sent.
    const isOfRun = ({ context }: Line) => context !== 'Request';
    expect(found.filter((line) => !isOfRun(line))).toMatchObject([{ message: 'POST /train 202' }]);
    const told = found.filter(isOfRun);
    expect(told.map(({ message }) => message)).toEqual([
      `Run ${runId} starts: tiny-bert on set`,
      expect.stringContaining(`Run ${runId} trains on`),
      expect.stringContaining(`Registered ${modelId as string} (MCC `),
      `Run ${runId} succeeded: ${modelId as string}`,
    ]);
    expect(told[0]).toMatchObject({ baseModel: 'tiny-bert' });
    expect(told.at(-1)).toMatchObject({ level: 'info', context: 'TrainingHost', modelId });
    for (const line of lines()) if (line.message.includes(runId)) expect(line).toMatchObject({ runId });
  });
});

describe('lines of chosen requests', () => {
  afterEach(end);

  it('are those that failed, where nobody wants the others', async () => {
    await start({ WELLFORMED_LOG_FORMAT: 'json', WELLFORMED_LOG_REQUESTS: 'failed' });
    await fetch(`${root}/datasets`, { headers: { 'x-request-id': 'good' } });
    await fetch(`${root}/datasets/ds_1`, { headers: { 'x-request-id': 'bad' } });
    await linesWith({ requestId: 'bad' });
    expect(log()).not.toContain('good');
  });

  it('are none, or those of the level asked for', async () => {
    await start({ WELLFORMED_LOG_FORMAT: 'json', WELLFORMED_LOG_LEVEL: 'error' });
    await fetch(`${root}/datasets/ds_1`);
    await app.close();
    expect(log()).toBe('');
    await end();
    await start({ WELLFORMED_LOG_FORMAT: 'json', WELLFORMED_LOG_REQUESTS: 'none' });
    await fetch(`${root}/datasets/ds_1`);
    await app.close();
    expect(log()).not.toContain('/datasets');
  });

  it('have health checks among them at the level debug', async () => {
    await start({ WELLFORMED_LOG_FORMAT: 'json', WELLFORMED_LOG_LEVEL: 'debug' });
    await fetch(`${root}/health/live`);
    expect(await linesWith({ route: '/health/live' })).toMatchObject([{ level: 'debug', status: 200 }]);
  });
});

describe('lines for people', () => {
  afterAll(end);

  it('say it in a sentence, without fields', async () => {
    await start({ WELLFORMED_LOG_FORMAT: 'text' });
    await registerTinyModel(app);
    await fetch(`${root}/datasets`, { headers: { 'x-request-id': 'mine' } });
    await until(() => Promise.resolve(log().includes('mine')));
    expect(log()).toMatch(/\[Wellformed\] \d+ .* LOG \[Request\] GET \/datasets 200 in [\d.]+ ms \(mine\)\n/);
    expect(log()).toMatch(/Registered mdl_\S+ \(MCC [\d.]+\)\. .*/);
    expect(log()).not.toContain('{');
  });
});
