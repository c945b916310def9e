import { afterEach, describe, expect, it } from 'vitest';
import { MetricsServer } from '../src/metrics/metrics-server.js';
import { newApiKey } from './support/api-keys.js';
import { problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';

describe('WELLFORMED_METRICS_PORT', () => {
  const running: Service[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()));
    removeFolders();
  });
  const start = async (environment: Record<string, string>) => {
    const service = await startService(undefined, environment);
    running.push(service);
    return service;
  };

  it('serves the metrics without a key, and nothing else', async () => {
    const { entry, headers } = newApiKey('head', 'admin');
    const service = await start({ WELLFORMED_METRICS_PORT: '0', WELLFORMED_API_KEYS: entry });
    const root = `http://127.0.0.1:${service.app.get(MetricsServer).port}`;
    const page = await fetch(`${root}/metrics?x=1`);
    expect(page.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await page.text()).toContain('# HELP process_resident_memory_bytes');
    expect((await fetch(`${root}/metrics`, { method: 'HEAD' })).status).toBe(200);
    await problemOf(await fetch(`${root}/models`, { headers }), 404);
    await problemOf(await fetch(`${root}/metrics`, { method: 'POST', body: 'x' }), 405);

    const { detail } = await service.client.problem(404, 'GET', '/metrics', undefined, headers);
    expect(detail).toContain('WELLFORMED_METRICS_PORT');
    await service.client.problem(401, 'GET', '/metrics');
  });

  it('says so where the port cannot be opened', async () => {
    const service = await start({ WELLFORMED_METRICS_PORT: '0' });
    const taken = String(service.app.get(MetricsServer).port);
    await expect(startService(undefined, { WELLFORMED_METRICS_PORT: taken })).rejects.toThrow(
      `WELLFORMED_METRICS_PORT is ${taken}, which cannot be opened`,
    );
  });

  it('closes with the service', async () => {
    const service = await start({ WELLFORMED_METRICS_PORT: '0' });
    const root = `http://127.0.0.1:${service.app.get(MetricsServer).port}`;
    await (await fetch(`${root}/metrics`)).text();
    await service.stop();
    running.length = 0;
    await expect(fetch(`${root}/metrics`)).rejects.toThrow();
  });
});
