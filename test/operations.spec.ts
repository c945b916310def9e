import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formOf } from './support/http.js';
import { removeFolders, startService, until, type Service } from './support/service.js';

describe('health', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(undefined, { WELLFORMED_ENGINE: 'wasm' });
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  it('is live, started and ready, and tells the engine', async () => {
    expect(await service.client.api.health.live()).toEqual({ status: 'ok' });
    expect(await service.client.api.health.started()).toEqual({ status: 'ok' });
    expect(await service.client.api.health.ready()).toMatchObject({
      status: 'ok',
      checks: { database: 'up', storage: 'up' },
      engine: { name: 'wasm', reason: expect.any(String) as string },
    });
  });

  it('is not ready but live when the storage does not answer', async () => {
    const staging = path.join(service.folder, 'staging');
    rmSync(staging, { recursive: true });
    try {
      const problem = await service.client.problem(503, 'GET', '/health/ready');
      expect(problem).toMatchObject({ checks: { database: 'up', storage: 'down' } });
      expect(problem.detail).toContain('storage');
      expect(await service.client.api.health.live()).toEqual({ status: 'ok' });
    } finally {
      mkdirSync(staging);
    }
  });
});

describe('metrics', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const page = async () => {
    const response = await service.client.request('GET', '/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return response.text();
  };

  it('has a help text and a type for every metric', async () => {
    const lines = (await page()).split('\n');
    const names = new Set(lines.filter((line) => /^[a-z]/.test(line)).map((line) => /^\w+/.exec(line)![0]));
    for (const name of names) {
      const family = name.replace(/_(bucket|sum|count)$/, '');
      const told = [name, family].some((candidate) =>
        lines.some((line) => line.startsWith(`# HELP ${candidate} `)),
      );
      expect(told, name).toBe(true);
      expect(name).toMatch(/^(wellformed|process|nodejs)_/);
      // `promtool check metrics` says so too, where it is to be had: test/operations/monitoring.spec.ts.
      if (name.endsWith('_total')) expect(lines).toContain(`# TYPE ${name} counter`);
    }
    expect(names).toContain('process_resident_memory_bytes');
  });

  it('counts requests by the template of their route, unknown paths together', async () => {
    const count = (labels: string) =>
      service.client.metric(`wellformed_http_request_duration_seconds_count{${labels}}`);
    const counts = () =>
      Promise.all([
        count('method="GET",route="/datasets/:id",status="4xx"'),
        count('method="GET",route="unknown",status="4xx"'),
        count('method="POST",route="/datasets",status="2xx"'),
      ]);
    const before = await counts();
    for (const id of ['ds_1', 'ds_2', 'ds_3']) await service.client.request('GET', `/datasets/${id}`);
    for (const unknown of ['/a', '/b']) await service.client.request('GET', unknown);
    await service.client.request('POST', '/datasets', formOf('1\tWe go.\n'));
    const grown = (await counts()).map((after, i) => after! - (before[i] ?? 0));
    expect(grown).toEqual([3, 2, 1]);
    expect(await page()).not.toContain('ds_1');
  });

  it('counts what is refused, what is broken off, and what is under way', async () => {
    await service.client.request('POST', '/predict', '{}', { 'content-type': 'application/zip' });
    expect(await page()).toContain(
      'wellformed_http_requests_total{method="POST",route="/predict",code="415"} 1\n',
    );
    const gone = new AbortController();
    const upload = fetch(`${await service.app.getUrl()}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: new ReadableStream({ start: (body) => body.enqueue(Buffer.from('--x\r\n')) }),
      signal: gone.signal,
      duplex: 'half',
    } as RequestInit).catch(() => 'broken');
    await until(async () => (await service.client.metric('wellformed_http_requests_in_flight')) === 2);
    expect(await service.client.metric('wellformed_http_connections')).toBeGreaterThanOrEqual(1);
    gone.abort();
    expect(await upload).toBe('broken');
    const aborted = 'wellformed_http_requests_total{method="POST",route="/datasets",code="aborted"}';
    await until(async () => (await service.client.metric(aborted)) === 1);
    expect(await service.client.metric('wellformed_http_requests_in_flight')).toBe(1);
  });

  it('tells what is stored, and how much space there is', async () => {
    const text = 'Rows that are stored take space.\t1\n';
    const { id } = (await (await service.client.request('POST', '/datasets', formOf(text))).json()) as {
      id: string;
    };
    const stored = () => service.client.metric('wellformed_stored_bytes{kind="datasets"}');
    const before = (await stored())!;
    expect(before).toBeGreaterThan(text.length);
    const count = (await service.client.metric('wellformed_datasets'))!;
    expect(await service.client.metric('wellformed_stored_folders{kind="datasets"}')).toBe(count);
    await service.client.request('DELETE', `/datasets/${id}`);
    expect(await service.client.metric('wellformed_datasets')).toBe(count - 1);
    expect(await stored()).toBeLessThan(before);
    expect(await service.client.metric('wellformed_database_bytes')).toBeGreaterThan(4096);
    const [free, size] = await Promise.all(
      ['free', 'size'].map((what) => service.client.metric(`wellformed_disk_${what}_bytes{folder="data"}`)),
    );
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThanOrEqual(size!);
  });

  it('shows the rest where something cannot be looked at', async () => {
    const size = await service.client.metric('wellformed_disk_size_bytes{folder="data"}');
    const away = `${service.folder}-away`;
    renameSync(service.folder, away);
    try {
      expect(await service.client.metric('wellformed_loaded_models')).toBe(0);
      expect(await service.client.metric('wellformed_disk_size_bytes{folder="data"}')).toBe(size);
    } finally {
      renameSync(away, service.folder);
    }
  });

  it('shows how late the event loop is', async () => {
    await page();
    // Node measures from tick to tick, and begins anew with the first one after a scrape.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const end = performance.now() + 200;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const after = await page();
    const [, worst] = /^wellformed_event_loop_delay_max_seconds (\S+)$/m.exec(after)!;
    expect(Number(worst)).toBeGreaterThan(0.15);
    expect(Number(worst)).toBeLessThan(2);
    const [, busy] = /^wellformed_event_loop_utilization_ratio (\S+)$/m.exec(after)!;
    expect(Number(busy)).toBeGreaterThan(0.3);
    expect(Number(busy)).toBeLessThanOrEqual(1);
  });
});
