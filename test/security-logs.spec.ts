import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DatasetsService } from '../src/datasets/datasets.service.js';
import { PredictionsService } from '../src/predictions/predictions.service.js';
import { newApiKey } from './support/api-keys.js';
import { formOf } from './support/http.js';
import { type LoggedService, startLogged } from './support/logged-service.js';
import { removeFolders } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';

const { key, entry, headers } = newApiKey('head', 'admin');
const hash = entry.split(':')[2]!;
const wrong = newApiKey('nobody', 'admin');
const secret = 'The porcupine whispers at midnight';

describe.each(['text', 'json'])('the log (%s)', (format) => {
  let logged: LoggedService;
  let app: LoggedService['app'];
  let root: string;
  const log = () => logged.log();
  beforeAll(async () => {
    logged = await startLogged({ WELLFORMED_API_KEYS: entry, WELLFORMED_LOG_FORMAT: format });
    ({ app, root } = logged);
    await registerTinyModel(app);
  });
  afterAll(async () => {
    await logged.end();
    removeFolders();
  });
  afterEach(() => {
    for (const text of [secret, secret.slice(0, 13), encodeURIComponent(secret), key, hash, wrong.key]) {
      expect(log()).not.toContain(text);
    }
  });

  const send = (path: string, body: string | FormData, type?: string, more: Record<string, string> = {}) =>
    fetch(root + path, {
      method: 'POST',
      body,
      headers: { ...headers, ...more, ...(type ? { 'content-type': type } : {}) },
    });
  const json = (body: unknown) => JSON.stringify(body);

  it('tells of its start who may use the service, and no key', () => {
    expect(log()).toContain('head (admin)');
  });

  it('holds no sentence and no key of requests that go well', async () => {
    const requests: [body: string, type: string][] = [
      [secret, 'text/plain'],
      [json({ sentence: secret, explain: true }), 'application/json'],
      [json({ pairs: [{ a: secret, b: secret }] }), 'application/json'],
      [`${json({ sentence: secret })}\n`, 'application/x-ndjson'],
    ];
    for (const [body, type] of requests) {
      const response = await send(`/predict?model=production`, body, type);
      expect([type, response.status, await response.text()]).toEqual([type, 200, expect.any(String)]);
    }
    expect((await send('/datasets', formOf(`1\t${secret}.\n0\tWe goes.\n`, { name: 'x' }))).status).toBe(201);
  });

  it('holds none of requests that do not', async () => {
    const requests: [
      status: number,
      path: string,
      body: string | FormData,
      type?: string,
      more?: Record<string, string>,
    ][] = [
      [401, '/predict', secret, 'text/plain', wrong.headers],
      [401, `/predict?key=${key}`, secret, 'text/plain', { authorization: `Basic ${key}` }],
      [422, '/predict', json({ sentence: secret, nonsense: secret }), 'application/json'],
      [400, '/predict', `{"sentence": "${secret}`, 'application/json'],
      [415, '/predict', secret, 'text/csv'],
      [422, `/predict?model=production&x=${encodeURIComponent(secret)}`, secret, 'text/plain'],
      [404, `/predict?model=${encodeURIComponent(secret)}`, secret, 'text/plain'],
      [404, `/${encodeURIComponent(secret)}?${key}`, secret, 'text/plain'],
      [422, '/datasets', formOf(`7\t${secret}\n`)],
      [404, '/train', json({ datasetId: secret }), 'application/json'],
    ];
    for (const [status, path, body, type, more] of requests) {
      const response = await send(path, body, type, more);
      expect([path, response.status]).toEqual([path, status]);
    }
  });

  it('holds none of requests that the service itself fails on', async () => {
    const failure = () => Promise.reject(new Error('something broke'));
    vi.spyOn(app.get(PredictionsService), 'predict').mockImplementationOnce(failure);
    vi.spyOn(app.get(DatasetsService), 'prepare').mockImplementationOnce(failure);
    expect((await send('/predict', secret, 'text/plain')).status).toBe(500);
    expect((await send('/datasets', formOf(`1\t${secret}\n`))).status).toBe(500);
    expect(log()).toContain('something broke');
  });
});
