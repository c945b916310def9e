import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf, problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';

describe('answers to browsers', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const get = (path: string, headers: Record<string, string> = {}) =>
    service.client.request('GET', path, undefined, headers);

  it('let nothing run, load or frame them, and are kept in no cache', async () => {
    for (const path of ['/models', '/nowhere', '/health/live', '/metrics', '/openapi.json', '/predict']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('x-frame-options'), path).toBe('DENY');
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('strict-transport-security'), path).toBeNull();
      expect(headers.get('server'), path).toBeNull();
      expect(headers.get('x-powered-by'), path).toBeNull();
    }
  });

  it('let Swagger UI do what it does, with its own files alone', async () => {
    const response = await get('/docs');
    const policy = response.headers.get('content-security-policy')!;
    const sources = Object.fromEntries(
      policy.split(';').map((directive) => {
        const [name, ...values] = directive.trim().split(' ');
        return [name!, values];
      }),
    );
    expect(sources['script-src']).toEqual(["'self'"]);
    expect(policy).not.toMatch(/https?:|unsafe-eval|\*/);
    const page = await response.text();
    for (const [tag] of page.matchAll(/<script[^>]*>/g)) expect(tag).toMatch(/ src=['"]/);
    expect(page).not.toMatch(/ on[a-z]+=/);
    for (const [, image] of page.matchAll(/(?:src|href)="(data:[^"]+)"/g)) expect(image).toBeUndefined();
    // "Try it out" asks the service itself, with the key of its Authorize button.
    expect(sources['connect-src']).toEqual(["'self'"]);
  });

  it('allow no page of another site to read them', async () => {
    const { headers } = await get('/models', { origin: 'https://elsewhere.example' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await service.client.request('OPTIONS', '/predict', undefined, {
      origin: 'https://elsewhere.example',
      'access-control-request-method': 'POST',
    });
    expect(preflight.status).toBe(405);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('allow no page of another site to change anything: a form needs nobody’s leave', async () => {
    const from = (headers: Record<string, string>) =>
      service.client.request('POST', '/datasets', formOf('1\tWe go.\n'), headers);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' },
      { 'sec-fetch-site': 'same-site', origin: 'https://elsewhere.example' },
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
    ] as Record<string, string>[]) {
      const { detail } = await problemOf(await from(headers), 403);
      expect(detail).toContain('WELLFORMED_CORS_ORIGINS');
    }
    const own = new URL(await service.app.getUrl()).origin;
    expect((await from({ 'sec-fetch-site': 'same-origin', origin: own })).status).toBe(201);
    expect((await from({ origin: own })).status).toBe(201);
    expect((await from({})).status).toBe(201);
  });
});

describe('WELLFORMED_CORS_ORIGINS', () => {
  const app = 'https://app.example';
  const preflight = (service: Service, origin: string) =>
    service.client.request('OPTIONS', '/predict', undefined, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    });

  it('lets the pages of these sites in, and no others', async () => {
    const service = await startService(undefined, {
      WELLFORMED_CORS_ORIGINS: `${app}, http://localhost:8080`,
      WELLFORMED_API_KEYS: `pupil:predict:${'0'.repeat(64)}`,
      WELLFORMED_RATE_LIMIT: '100',
    });
    const allowed = await preflight(service, app);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(app);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    expect(
      (await preflight(service, 'https://elsewhere.example')).headers.get('access-control-allow-origin'),
    ).toBeNull();
    // The reason of a refusal can be read too.
    const refused = await service.client.request(
      'POST',
      '/predict',
      { sentence: 'We go.' },
      {
        origin: app,
        'sec-fetch-site': 'cross-site',
      },
    );
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(app);
    expect(refused.headers.get('access-control-expose-headers')).toContain('RateLimit');
    expect(refused.headers.get('vary')).toMatch(/origin/i);
    await service.stop();
  });

  it('lets all in with *', async () => {
    const service = await startService(undefined, { WELLFORMED_CORS_ORIGINS: '*' });
    expect((await preflight(service, app)).headers.get('access-control-allow-origin')).toBe('*');
    const response = await service.client.request('POST', '/datasets', formOf('1\tWe go.\n'), {
      origin: app,
      'sec-fetch-site': 'cross-site',
    });
    expect(response.status).toBe(201);
    await service.stop();
    removeFolders();
  });
});
