import { request as httpRequest } from 'node:http';
import { rmSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdempotencyService } from '../src/idempotency/idempotency.service.js';
import { StoredAnswerEntity } from '../src/idempotency/stored-answer.entity.js';
import { StoredAnswersRepository } from '../src/idempotency/stored-answers.repository.js';
import { Transactions } from '../src/database/transactions.js';
import type { DatasetDto } from '../src/datasets/dto/dataset.dto.js';
import type { EvaluationDto } from '../src/models/dto/evaluation.dto.js';
import type { RunDto } from '../src/training/dto/run.dto.js';
import { newApiKey } from './support/api-keys.js';
import { formBytes } from './support/clients.js';
import { formOf, problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { seededFolder } from './support/seeded-folder.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';
import { namesIn, removeFolders, startService, type Service } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';

const ROWS = practiceRows(40, 1);
let keys = 0;
const newKey = () => `key-${++keys}`;
const withKey = (key: string) => ({ 'idempotency-key': key });
const patience = { timeout: 30_000 };
const countIn = async (root: string, headers: Record<string, string> = {}) =>
  ((await (await fetch(`${root}?limit=100`, { headers })).json()) as { items: unknown[] }).items.length;

describe('a request with an Idempotency-Key', () => {
  let service: Service;
  let model: string;
  let url: string;
  beforeAll(async () => {
    service = await startService();
    model = (await registerTinyModel(service.app)).id;
    url = await service.app.getUrl();
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const upload = (key: string, rows = ROWS, fields: Record<string, string> = {}) =>
    service.client.request('POST', '/datasets', formOf(rows, fields), withKey(key));
  const partsOf = async (response: Response) => ({
    status: response.status,
    location: response.headers.get('location'),
    text: await response.text(),
  });
  const datasets = () => countIn(`${url}/datasets`);
  const answers = () => service.app.get(DataSource).getRepository(StoredAnswerEntity);

  it('gets the first answer again: an uploaded file is stored once', async () => {
    const key = newKey();
    const first = await upload(key);
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
    const parts = await partsOf(first);
    const before = [await datasets(), namesIn(service, 'datasets').length];
    const replays = 'wellformed_idempotent_replays_total{route="/datasets"}';
    const counted = (await service.client.metric(replays)) ?? 0;
    // FormData chooses another boundary each time.
    const second = await upload(key);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await partsOf(second)).toEqual(parts);
    expect([await datasets(), namesIn(service, 'datasets').length]).toEqual(before);
    expect(namesIn(service, 'staging')).toEqual([]);
    expect(await service.client.metric(replays)).toBe(counted + 1);
  });

  it('is the same with its key in quote marks, as the draft of the IETF has it', async () => {
    const first = await partsOf(await upload('"in quotes\\"\\\\"'.replace(' ', '-')));
    expect(first.status).toBe(201);
    expect(await partsOf(await upload('"in-quotes\\"\\\\"'))).toEqual(first);
    expect(await partsOf(await upload('in-quotes"\\'))).toEqual(first);
  });

  it('gets the first answer again: a run and its data sets are stored once', async () => {
    const key = newKey();
    const train = () =>
      service.client.request(
        'POST',
        '/train',
        formOf(ROWS, { baseModel: 'none-such/model', epochs: '1' }),
        withKey(key),
      );
    const first = await partsOf(await train());
    expect(first).toMatchObject({ status: 202, location: `/train/${(JSON.parse(first.text) as RunDto).id}` });
    const before = [await datasets(), await countIn(`${url}/train`)];
    expect(await partsOf(await train())).toEqual(first);
    expect([await datasets(), await countIn(`${url}/train`)]).toEqual(before);
    await service.client.request('POST', `${first.location}/cancel`);
    await expect.poll(() => namesIn(service, 'staging'), patience).toEqual([]);
  });

  it('gets the first answer again: an evaluation is started once, whatever has become of it', async () => {
    const { id: datasetId } = JSON.parse((await partsOf(await upload(newKey()))).text) as DatasetDto;
    const key = newKey();
    const route = `/models/${model}/evaluations`;
    const first = await partsOf(await service.client.request('POST', route, { datasetId }, withKey(key)));
    const { id } = JSON.parse(first.text) as EvaluationDto;
    expect(first).toMatchObject({ status: 202, location: `${route}/${id}` });
    await expect
      .poll(
        async () => (await service.client.json<EvaluationDto>(200, 'GET', `${route}/${id}`)).status,
        patience,
      )
      .toBe('succeeded');
    // White space and the order of fields do not count.
    const body = `{ "datasetId": "${datasetId}" }`;
    const json = { 'content-type': 'application/json; charset=utf-8', ...withKey(key) };
    expect(await partsOf(await service.client.request('POST', route, body, json))).toEqual(first);
    expect(await countIn(url + route)).toBe(1);
  });

  it('is refused with another body, file, field or path than the first time', async () => {
    const key = newKey();
    const first = JSON.parse((await partsOf(await upload(key))).text) as DatasetDto;
    const before = await datasets();
    const others: [string, unknown][] = [
      ['/datasets', formOf(practiceRows(40, 2))],
      ['/datasets', formOf(ROWS, { name: 'another' })],
      ['/datasets', formOf(ROWS, {}, 'another.tsv')],
      ['/datasets', formOf('this is no data set')],
      ['/datasets', { source: 'sample/train' }],
    ];
    for (const [route, body] of others) {
      const problem = await problemOf(await service.client.request('POST', route, body, withKey(key)), 422);
      expect(problem).toMatchObject({
        type: 'urn:problem-type:wellformed:idempotency-key-reused',
        title: 'Idempotency-Key is already used',
      });
      expect(problem.detail).toContain('choose a new key');
    }
    expect(await datasets()).toBe(before);
    // Another route has keys of its own, and the path is part of what is asked.
    const ask = { datasetId: first.id };
    const start = (of: string) =>
      service.client.request('POST', `/models/${of}/evaluations`, ask, withKey(key));
    expect((await start(model)).status).toBe(202);
    await problemOf(await start('production'), 422);
  });

  it('waits while the first is in progress, and is told when to come again', async () => {
    const key = newKey();
    const { body, headers } = formBytes(ROWS);
    const slow = httpRequest(`${url}/datasets`, {
      method: 'POST',
      headers: { ...headers, ...withKey(key), 'content-length': String(body.length) },
    });
    const answered = new Promise<[number, string]>((resolve, reject) => {
      slow.once('error', reject);
      slow.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve([response.statusCode!, text]));
      });
    });
    slow.write(body.subarray(0, body.length / 2));
    await expect.poll(() => namesIn(service, 'staging').length, patience).toBe(1);
    const early = await service.client.request('POST', '/datasets', new Uint8Array(body), {
      ...headers,
      ...withKey(key),
    });
    expect(await problemOf(early, 409)).toMatchObject({
      type: 'urn:problem-type:wellformed:request-in-progress',
    });
    expect(early.headers.get('retry-after')).toBe('5');
    slow.end(body.subarray(body.length / 2));
    const [status, text] = await answered;
    expect(status).toBe(201);
    const late = await service.client.request('POST', '/datasets', new Uint8Array(body), {
      ...headers,
      ...withKey(key),
    });
    expect([late.status, await late.text()]).toEqual([201, text]);
  });

  it('counts as new if the first failed, or broke off', async () => {
    const key = newKey();
    await problemOf(await upload(key, 'this is no data set'), 422);
    const { body, headers } = formBytes(ROWS);
    const broken = httpRequest(`${url}/datasets`, {
      method: 'POST',
      headers: { ...headers, ...withKey(key), 'content-length': String(body.length) },
    });
    const cut = new Promise((resolve) => broken.once('error', resolve));
    broken.write(body.subarray(0, body.length / 2));
    await expect.poll(() => namesIn(service, 'staging').length, patience).toBe(1);
    broken.destroy();
    await cut;
    await expect.poll(() => namesIn(service, 'staging'), patience).toEqual([]);
    await expect.poll(async () => (await upload(key)).status, patience).toBe(201);
  });

  it('is forgotten after 24 hours', async () => {
    const key = newKey();
    const first = await partsOf(await upload(key));
    const { expiresAt } = await answers().findOneByOrFail({ key });
    const createdAt = Date.parse((JSON.parse(first.text) as DatasetDto).createdAt as unknown as string);
    expect(Math.round((expiresAt.getTime() - createdAt) / 3_600_000)).toBe(24);
    await answers().update({ key }, { expiresAt: new Date(Date.now() - 1) });
    const second = await partsOf(await upload(key, practiceRows(40, 3)));
    expect(second.status).toBe(201);
    expect(second.location).not.toBe(first.location);
    expect(await answers().countBy({ key })).toBe(1);
  });

  it('must have a key of 1 to 255 visible ASCII characters', async () => {
    const longest = 'k'.repeat(255);
    expect((await upload(longest)).status).toBe(201);
    for (const key of ['', `${longest}k`, 'two words', '"open', 'a, b', '""', 'schl\u00fcssel']) {
      const { detail } = await problemOf(await upload(key), 400);
      expect(detail).toContain('1 to 255 visible ASCII characters');
    }
  });

  it('makes nothing where another process on the same database was quicker', async () => {
    const other = new IdempotencyService(new StoredAnswersRepository(service.app.get(Transactions)));
    const key = newKey();
    const { body, headers } = formBytes(ROWS);
    const slow = httpRequest(`${url}/datasets`, {
      method: 'POST',
      headers: { ...headers, ...withKey(key), 'content-length': String(body.length) },
    });
    const answered = new Promise<number>((resolve) =>
      slow.once('response', (response) => resolve(response.resume().statusCode!)),
    );
    slow.write(body.subarray(0, body.length / 2));
    await expect.poll(() => namesIn(service, 'staging').length, patience).toBe(1);
    const theirs = { headers: {}, params: {}, query: {}, body: {} } as never;
    expect(await other.begin(theirs, { client: '', route: 'POST /datasets', key })).toBeNull();
    await other.remember(theirs, { status: 201, location: '/datasets/theirs', body: {} });
    const before = [await datasets(), namesIn(service, 'datasets').length];
    slow.end(body.subarray(body.length / 2));
    expect(await answered).toBe(409);
    expect([await datasets(), namesIn(service, 'datasets').length]).toEqual(before);
  });
});

describe('keys', () => {
  const [anna, ben] = [newApiKey('anna', 'train'), newApiKey('ben', 'train')];

  it('belong to an API key each, and those that have ended go at the next start', async () => {
    const environment = { WELLFORMED_API_KEYS: `${anna.entry},${ben.entry}` };
    let service = await startService(undefined, environment);
    const upload = (who: typeof anna, rows: string) =>
      service.client.request('POST', '/datasets', formOf(rows), { ...who.headers, ...withKey('same') });
    const annas = await (await upload(anna, ROWS)).text();
    const bens = await upload(ben, practiceRows(40, 2));
    expect(bens.status).toBe(201);
    expect(await (await upload(anna, ROWS)).text()).toBe(annas);
    const answers = () => service.app.get(DataSource).getRepository(StoredAnswerEntity);
    await answers().update({ client: 'ben' }, { expiresAt: new Date(Date.now() - 1) });
    await service.stop();
    service = await startService(service.folder, environment);
    expect((await answers().find()).map(({ client }) => client)).toEqual(['anna']);
    await service.stop();
    removeFolders();
  });
});

describe('a page of another origin', () => {
  it('may send the header, and see that an answer is an earlier one', async () => {
    const origin = 'https://page.example';
    const service = await startService(undefined, { WELLFORMED_CORS_ORIGINS: origin });
    const asked = await service.client.request('OPTIONS', '/datasets', undefined, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'idempotency-key',
    });
    expect(asked.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('idempotency-key');
    const answer = await service.client.request('POST', '/datasets', formOf(ROWS), {
      origin,
      ...withKey('page'),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('access-control-expose-headers')).toContain('Idempotent-Replayed');
    await service.stop();
    removeFolders();
  });
});

describe('a service that was killed', () => {
  let service: RunningService;
  let data: string;
  beforeAll(async () => {
    data = (await seededFolder()).path;
    await start();
  });
  afterAll(async () => {
    await service.stop();
    rmSync(data, { recursive: true, force: true });
  });
  const start = async () => {
    service = await startServiceProcess({ data, settings: { WELLFORMED_SHUTDOWN_GRACE: '1 s' } });
  };
  const train = (key: string, query = '') =>
    fetch(`${service.url}/train${query}`, {
      method: 'POST',
      body: formOf(ROWS, { baseModel: 'tiny-bert', epochs: '20', promote: 'never' }),
      headers: withKey(key),
    });

  it('takes a request again that it was killed in the middle of', async () => {
    const { body, headers } = formBytes(ROWS);
    const options = { method: 'POST', headers: { ...headers, ...withKey('cut') } };
    const upload = httpRequest(`${service.url}/datasets`, {
      ...options,
      headers: { ...options.headers, 'content-length': String(body.length) },
    });
    const cut = new Promise((resolve) => upload.once('error', resolve));
    upload.write(body.subarray(0, body.length / 2));
    const again = () => fetch(`${service.url}/datasets`, { ...options, body: new Uint8Array(body) });
    const before = await countIn(`${service.url}/datasets`);
    // The first is in progress.
    await expect.poll(async () => (await again()).status, patience).toBe(409);
    await service.kill();
    await cut;
    await start();
    expect((await again()).status).toBe(201);
    expect(await countIn(`${service.url}/datasets`)).toBe(before + 1);
  });

  it('gives the first answer again of a run that it had stored, which a dry run is not', async () => {
    expect((await train('stored', '?dryRun=true')).status).toBe(200);
    const text = await (await train('stored')).text();
    const [runs, sets] = [await countIn(`${service.url}/train`), await countIn(`${service.url}/datasets`)];
    await service.kill();
    await start();
    const again = await train('stored');
    expect([again.status, await again.text()]).toEqual([202, text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await countIn(`${service.url}/train`)).toBe(runs);
    expect(await countIn(`${service.url}/datasets`)).toBe(sets);
  });

  it('has a run and its data set once, whenever it was killed', { timeout: 120_000 }, async () => {
    const before = [await countIn(`${service.url}/train`), await countIn(`${service.url}/datasets`)];
    const moments = [5, 30, 80];
    for (const [index, milliseconds] of moments.entries()) {
      const first = train(`moment-${index}`).then(
        (response) => response.text(),
        () => null,
      );
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await service.kill();
      const told = await first;
      await start();
      const again = await train(`moment-${index}`);
      const text = await again.text();
      expect(again.status, text).toBe(202);
      if (told?.endsWith('}')) expect(text).toBe(told);
      const { id } = JSON.parse(text) as RunDto;
      expect((await fetch(`${service.url}/train/${id}`)).status).toBe(200);
    }
    const after = [await countIn(`${service.url}/train`), await countIn(`${service.url}/datasets`)];
    expect(after).toEqual(before.map((count) => count + moments.length));
  });
});
