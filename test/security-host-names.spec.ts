import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsServer } from '../src/metrics/metrics-server.js';
import { hostNameCheck } from '../src/auth/host-names.js';
import { readSettings } from '../src/config/read-settings.js';
import { newApiKey } from './support/api-keys.js';
import { removeFolders, startService, type Service } from './support/service.js';

// A page whose own name is made to point to this machine: to the browser its requests go to the page's own site.
const rebound = {
  host: 'page.example:3000',
  origin: 'http://page.example:3000',
  'sec-fetch-site': 'same-origin',
};

describe('a request under a foreign name', () => {
  let service: Service;
  afterEach(async () => {
    await service.stop();
    removeFolders();
  });
  const portOf = async () => new URL(await service.app.getUrl()).port;
  const ask = async (
    route: string,
    headers: Record<string, string>,
    { method = 'GET', port }: { method?: string; port?: number } = {},
  ) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      void portOf().then((own) =>
        request({ host: '127.0.0.1', port: port ?? own, path: route, method, headers }, resolve)
          .on('error', reject)
          .end(),
      );
    });
    return { status: answer.statusCode, type: answer.headers['content-type'], body: await text(answer) };
  };

  it('is refused on a machine of one’s own without keys, as a problem that says what to do', async () => {
    service = await startService();
    for (const route of ['/models', '/docs', '/openapi.json', '/metrics', '/nowhere']) {
      const { status, type, body } = await ask(route, rebound);
      expect([route, status]).toEqual([route, 403]);
      expect(type).toMatch(/^application\/problem\+json/);
      expect(body).toContain('page.example');
      expect(body).toContain('WELLFORMED_HOST_NAMES');
    }
    const removal = await ask('/models/mdl_1', rebound, { method: 'DELETE' });
    expect(removal.status).toBe(403);
    expect((await ask('/health/live', rebound)).status).toBe(200);
    const port = await portOf();
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      'LOCALHOST',
      `[::1]:${port}`,
      'a.localhost',
    ]) {
      expect([host, (await ask('/models', { host })).status]).toEqual([host, 200]);
    }
  });

  it('is refused where metrics have a port of their own', async () => {
    const { entry } = newApiKey('head', 'admin');
    service = await startService(undefined, { WELLFORMED_METRICS_PORT: '0', WELLFORMED_API_KEYS: entry });
    const { port } = service.app.get(MetricsServer);
    const { status, body } = await ask('/metrics', rebound, { port });
    expect(status).toBe(403);
    expect(body).not.toContain('# HELP');
    expect((await ask('/metrics', { host: `127.0.0.1:${port}` }, { port })).status).toBe(200);
  });

  it('is not foreign if the settings name it', async () => {
    service = await startService(undefined, { WELLFORMED_HOST_NAMES: 'Judge.example, other.example' });
    for (const host of ['judge.example', 'JUDGE.EXAMPLE.:80', 'other.example:3000']) {
      expect([host, (await ask('/models', { host })).status]).toEqual([host, 200]);
    }
    expect((await ask('/models', { host: 'sub.judge.example' })).status).toBe(403);
  });

  it('needs a key where there are keys, which no page has', async () => {
    const { entry, headers } = newApiKey('head', 'admin');
    service = await startService(undefined, { WELLFORMED_API_KEYS: entry });
    expect((await ask('/models', rebound)).status).toBe(401);
    expect((await ask('/models', { ...rebound, ...headers })).status).toBe(200);
  });
});

describe('which names are foreign', () => {
  const check = (environment: Record<string, string>, keys = false) =>
    hostNameCheck(readSettings(environment).settings, keys);

  it.each([
    ['page.example', false],
    ['127.0.0.1.page.example', false],
    ['localhost.page.example', false],
    ['page.example#localhost', false],
    ['page.example:80@localhost', false],
    ['127.0.0.1:x', false],
    ['', false],
    ['[::1].page.example', false],
    ['192.0.2.7:3000', true],
    ['[2001:db8::7]:3000', true],
    [undefined, true],
  ])('on loopback: %j is answered: %s', (host, expected) => {
    expect(check({})(host)).toBe(expected);
    expect(check({ WELLFORMED_HOST: 'localhost' })(host)).toBe(expected);
    expect(check({ WELLFORMED_HOST: '0.0.0.0', WELLFORMED_HOST_NAMES: 'none' })(host)).toBe(expected);
  });

  it('are none on a network, or with keys, or where the settings say so', () => {
    expect(check({ WELLFORMED_HOST: '0.0.0.0' })('page.example')).toBe(true);
    expect(check({}, true)('page.example')).toBe(true);
    expect(check({ WELLFORMED_HOST_NAMES: 'any' })('page.example')).toBe(true);
    expect(check({ WELLFORMED_HOST_NAMES: 'a.example' }, true)('page.example')).toBe(false);
  });
});
