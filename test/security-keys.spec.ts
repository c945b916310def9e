import type { FastifyInstance, RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../src/app.js';
import type { Access, AccessConfig } from '../src/auth/access.js';
import { readSettings } from '../src/config/read-settings.js';
import { newApiKey } from './support/api-keys.js';
import { formOf, problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';

const keys = {
  predict: newApiKey('pupil', 'predict'),
  train: newApiKey('teacher', 'train'),
  metrics: newApiKey('prometheus', 'metrics'),
  admin: newApiKey('head', 'admin'),
};
const none = { headers: {} };
const unknown = newApiKey('nobody', 'admin');

describe('API keys', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(undefined, {
      WELLFORMED_API_KEYS: Object.values(keys)
        .map(({ entry }) => entry)
        .join(', '),
      WELLFORMED_RATE_LIMIT: '5000',
    });
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const ask = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
    service.client.request(method, path, body, headers);

  // An id that there is none of: 404 means that the key opened the door.
  const routes: [method: string, path: string, opens: (keyof typeof keys)[], answer: number][] = [
    ['POST', '/predict', ['predict'], 422],
    ['GET', '/predict/models', ['predict'], 200],
    ['GET', '/models', ['predict', 'train'], 200],
    ['GET', '/models/mdl_1', ['predict', 'train'], 404],
    ['GET', '/models/mdl_1/files/config.json', ['train'], 404],
    ['PATCH', '/models/mdl_1', [], 422],
    ['DELETE', '/models/mdl_1', [], 404],
    ['GET', '/models/mdl_1/evaluations', ['train'], 404],
    ['GET', '/aliases', ['predict', 'train'], 200],
    ['PUT', '/aliases/production', [], 422],
    ['DELETE', '/aliases/production', [], 404],
    ['GET', '/datasets', ['train'], 200],
    ['GET', '/datasets/ds_1/rows', ['train'], 404],
    ['DELETE', '/datasets/ds_1', [], 404],
    ['POST', '/train', ['train'], 422],
    ['GET', '/train/run_1/events', ['train'], 404],
    ['POST', '/train/run_1/cancel', ['train'], 404],
    ['DELETE', '/train/run_1', [], 404],
    ['POST', '/sweeps', ['train'], 422],
    ['GET', '/sweeps', ['train'], 200],
    ['GET', '/sweeps/swp_1/results', ['train'], 404],
    ['POST', '/sweeps/swp_1/cancel', ['train'], 404],
    ['DELETE', '/sweeps/swp_1', [], 404],
    ['GET', '/webhooks', ['train'], 200],
    ['GET', '/webhooks/deliveries', ['train'], 200],
    ['GET', '/webhooks/deliveries/msg_1', ['train'], 404],
    ['POST', '/webhooks/test', [], 409],
    ['POST', '/webhooks/deliveries/msg_1/redeliver', [], 409],
    ['GET', '/metrics', ['metrics'], 200],
    ['GET', '/whoami', ['predict', 'train', 'metrics'], 200],
  ];

  it.each(routes)('%s %s is for %j and admin', async (method, path, opens, answer) => {
    const body = answer === 422 ? {} : undefined;
    for (const [scope, { headers }] of Object.entries(keys)) {
      const response = await ask(method, path, headers, body);
      const opened = scope === 'admin' || opens.some((one) => one === scope);
      expect([scope, response.status], await response.clone().text()).toEqual([scope, opened ? answer : 403]);
      if (!opened) {
        const { detail } = await problemOf(response, 403);
        expect(detail).toContain('needs the scope');
        expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
      }
    }
    for (const { headers } of [none, unknown]) await problemOf(await ask(method, path, headers, body), 401);
  });

  it('tells whoever asks whose key is in use, what it may do and its limits', async () => {
    const all = ['predict', 'train', 'metrics', 'admin'];
    for (const [scope, name, scopes] of [
      ['predict', 'pupil', ['predict']],
      ['train', 'teacher', ['train']],
      ['metrics', 'prometheus', ['metrics']],
      ['admin', 'head', all],
    ] as const) {
      const answer = await ask('GET', '/whoami', keys[scope].headers);
      expect(await answer.json()).toEqual({
        anonymous: false,
        name,
        scopes,
        limits: { requestsPerMinute: 5000, bodyBytes: 2 ** 20, uploadBytes: 2 ** 30 },
      });
    }
  });

  it('says how to send one, and what is wrong with the one that was sent', async () => {
    const missing = await ask('GET', '/models', {});
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="wellformed"');
    expect((await problemOf(missing, 401)).detail).toContain('Authorization: Bearer KEY');
    const wrong = await ask('GET', '/models', unknown.headers);
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect((await problemOf(wrong, 401)).detail).toContain('not known');
  });

  it('takes the key in either header, and no other way', async () => {
    const { key } = keys.predict;
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `bearer  ${key} ` },
      { 'x-api-key': key },
      { 'x-api-key': key, authorization: 'Basic eDp5' },
    ] as Record<string, string>[]) {
      expect([headers, (await ask('GET', '/models', headers)).status]).toEqual([headers, 200]);
    }
    const { sha256 } = /(?<sha256>[0-9a-f]{64})$/.exec(keys.predict.entry)!.groups!;
    for (const headers of [
      { authorization: key },
      { authorization: `Basic ${key}` },
      { authorization: `Bearer ${key}x` },
      { authorization: `Bearer ${key.slice(0, -1)}` },
      { authorization: `Bearer ${sha256}` },
      { 'x-api-key': `${key},${key}` },
      { 'x-api-key': 'x'.repeat(4000) },
      { cookie: `key=${key}` },
    ] as Record<string, string>[]) {
      expect([headers, (await ask('GET', `/models?key=${key}`, headers)).status]).toEqual([headers, 401]);
    }
  });

  it('lets nobody past with another spelling of a path', async () => {
    for (const path of [
      '/models/',
      '//models',
      '/Models',
      '/models%2f',
      '/./models',
      '/models;x',
      '/nowhere',
    ]) {
      const response = await ask('GET', path, {});
      expect([path, response.status]).toEqual([path, 401]);
    }
    expect((await ask('HEAD', '/models', {})).status).toBe(401);
    expect((await ask('OPTIONS', '/models', {})).status).toBe(401);
    await problemOf(await ask('GET', '/nowhere', keys.predict.headers), 404);
  });

  it('turns away before the body is read', async () => {
    expect(await service.client.api.health.live()).toBeDefined();
    await problemOf(await ask('POST', '/datasets', {}, formOf('1\tWe go.\n')), 401);
    // Broken, too large, of a wrong type: none of this is told to strangers.
    await problemOf(
      await ask('PUT', '/aliases/production', { 'content-type': 'application/json' }, '{'),
      401,
    );
    await problemOf(await ask('PUT', '/aliases/production', {}, 'x'.repeat(3_000_000)), 401);
    await problemOf(await ask('PUT', '/aliases/production', { 'content-type': 'text/xml' }, '<a/>'), 401);
  });

  it('leaves health and the documentation open', async () => {
    for (const path of [
      '/health/live',
      '/health/started',
      '/health/ready',
      '/docs',
      '/docs/swagger-ui.css',
    ]) {
      expect([path, (await ask('GET', path, {})).status]).toEqual([path, 200]);
    }
    const document = (await (await ask('GET', '/openapi.json', {})).json()) as {
      components: { securitySchemes: object };
      paths: Record<string, Record<string, { security?: object[] }>>;
    };
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'header']);
    expect(document.paths['/predict']!.post).toMatchObject({
      security: [{ bearer: [] }, { header: [] }],
      'x-scopes': ['predict', 'admin'],
      responses: { 401: {}, 403: {}, 429: {} },
    });
    expect(document.paths['/health/live']!.get!.security).toBeUndefined();
  });
});

describe('the areas that need no key', () => {
  it.each([
    ['none', 401, 401],
    ['docs', 200, 401],
    ['metrics', 401, 200],
    ['docs,metrics', 200, 200],
  ])('WELLFORMED_PUBLIC=%s', async (areas, docs, metrics) => {
    const service = await startService(undefined, {
      WELLFORMED_API_KEYS: keys.predict.entry,
      WELLFORMED_PUBLIC: areas,
    });
    for (const [path, status] of [
      ['/docs', docs],
      ['/openapi.json', docs],
      ['/docs/swagger-ui-init.js', docs],
      ['/docs/swagger-ui.css', docs],
      ['/metrics', metrics],
      ['/health/ready', 200],
      ['/models', 401],
    ] as const) {
      expect([path, (await service.client.request('GET', path)).status]).toEqual([path, status]);
    }
    expect((await service.client.request('GET', '/docs', undefined, keys.predict.headers)).status).toBe(200);
    await service.stop();
  });
});

describe('a service without keys', () => {
  it('asks for none, and its document says so', async () => {
    const service = await startService();
    expect((await service.client.request('GET', '/models', undefined, unknown.headers)).status).toBe(200);
    for (const headers of [{}, unknown.headers] as Record<string, string>[]) {
      expect(await (await service.client.request('GET', '/whoami', undefined, headers)).json()).toEqual({
        anonymous: true,
        name: null,
        scopes: ['predict', 'train', 'metrics', 'admin'],
        limits: { requestsPerMinute: null, bodyBytes: 2 ** 20, uploadBytes: 2 ** 30 },
      });
    }
    const document = (await service.client.document()) as unknown as {
      paths: Record<string, Record<string, object>>;
    };
    expect(document.paths['/models']!.get).toMatchObject({ security: [{ bearer: [] }, { header: [] }, {}] });
    await service.stop();
    removeFolders();
  });
});

describe('the table of routes', () => {
  it('says of every route who may use it', async () => {
    const { settings } = readSettings({ WELLFORMED_DATA: (await startAndStop()).folder });
    const app = await createApp(settings, { quiet: true });
    const routes: RouteOptions[] = [];
    (app.getHttpAdapter().getInstance() as FastifyInstance).addHook(
      'onRoute',
      (route) => void routes.push(route),
    );
    await app.init();
    await app.close();
    removeFolders();

    const lines = routes
      .filter(({ method }) => method !== 'HEAD')
      .map(
        ({ method, url, config }) => `${String(method)} ${url}: ${told((config as AccessConfig)?.access)}`,
      );
    expect(lines.filter((line) => line.endsWith('undeclared'))).toEqual([]);
    const filesOfPage = lines.filter((line) => line.endsWith(': area page') && line !== 'GET /: area page');
    expect(filesOfPage.length).toBeGreaterThan(1);
    for (const line of filesOfPage) expect(line).toMatch(/^HEAD,GET \/[\w./-]+\.(?:js|css|svg|txt): /);
    expect(lines.filter((line) => line.includes(': area') && !filesOfPage.includes(line)).sort()).toEqual([
      'GET /: area page',
      'GET /health/live: area health',
      'GET /health/ready: area health',
      'GET /health/started: area health',
      'GET /metrics: area metrics',
      'HEAD,GET /docs/*: area docs',
    ]);
    for (const line of lines) {
      // What cannot be taken back is for admins, what changes something is for more than those who only ask.
      if (line.startsWith('DELETE')) expect(line).toMatch(/: admin$/);
      if (/^(POST|PUT|PATCH) (?!\/predict:)/.test(line)) expect(line).not.toContain('predict');
    }
  });
});

async function startAndStop(): Promise<Service> {
  const service = await startService();
  await service.stop();
  return service;
}

function told(access: Access | undefined): string {
  if (!access) return 'undeclared';
  return 'area' in access ? `area ${access.area}` : access.scopes.join('+');
}
