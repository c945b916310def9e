import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { formOf } from './support/http.js';
import { runServiceProcess, startServiceProcess, type RunningService } from './support/service-process.js';

describe('the start of the service', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'wellformed-start-'));
  const running: RunningService[] = [];
  const start = async (settings: Record<string, string> = {}) => {
    const service = await startServiceProcess({ data, settings });
    running.push(service);
    return service;
  };
  afterEach(() => Promise.all(running.splice(0).map((service) => service.stop())));
  afterAll(() => rmSync(data, { recursive: true }));

  it('says where it listens and where to try it out', async () => {
    const service = await start();
    expect(service.logs()).toContain(`Listening on ${service.url}, data in ${data}`);
    expect((await fetch(`${service.url}/health/started`)).status).toBe(200);
  });

  it('logs JSON, a line for each message, where told so', async () => {
    const service = await start({ WELLFORMED_LOG_FORMAT: 'json', WELLFORMED_POTR: '1' });
    const lines = service.logs().trim().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages).toContain(`Listening on ${service.url}, data in ${data}`);
    expect(messages).toContainEqual(expect.stringContaining('Did you mean WELLFORMED_PORT?'));
  });

  it('refuses a data folder that another process uses, until that ends, however it ends', async () => {
    const first = await start();
    const second = await runServiceProcess({ WELLFORMED_DATA: data, WELLFORMED_PORT: '0' });
    expect(second.code).toBe(1);
    expect(second.output.trim()).toBe(
      `The data folder ${data} is in use by another Wellformed process. ` +
        'Stop that one first, or set WELLFORMED_DATA to a folder of its own.',
    );
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);

    await first.kill();
    const third = await start();
    expect((await fetch(`${third.url}/health/ready`)).status).toBe(200);
  });

  it('refuses a damaged database in plain words, and changes nothing of it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-start-'));
    const first = await startServiceProcess({ data: folder });
    await first.stop();
    const file = path.join(folder, 'wellformed.sqlite');
    const database = readFileSync(file);
    // The beginning of the second page, which says where on it everything lies.
    database.fill(0xff, 4096, 4104);
    writeFileSync(file, database);
    const { code, output } = await runServiceProcess({ WELLFORMED_DATA: folder, WELLFORMED_PORT: '0' });
    expect(code).toBe(1);
    expect(output.trim()).toMatch(
      /wellformed\.sqlite is damaged \(.*Restore a backup \(npm run restore -- FOLDER\)/s,
    );
    expect(output).not.toMatch(/\n\s+at /);
    expect(readFileSync(file).equals(database)).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it('keeps what was stored when it is killed', async () => {
    const first = await start();
    const response = await fetch(`${first.url}/datasets`, {
      method: 'POST',
      body: formOf('1\tWe go.\n0\tWe goes.\n'),
    });
    const dataset = (await response.json()) as { id: string };
    await first.kill();
    const second = await start();
    expect(await (await fetch(`${second.url}/datasets/${dataset.id}`)).json()).toEqual(dataset);
    expect((await fetch(`${second.url}/datasets/${dataset.id}/rows`)).status).toBe(200);
  });

  it('tells in one line that the port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    try {
      const { code, output } = await runServiceProcess({
        WELLFORMED_DATA: data,
        WELLFORMED_PORT: String(port),
      });
      expect(code).toBe(1);
      expect(output.trim().split('\n')).toContain(
        `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set WELLFORMED_PORT to a free one.`,
      );
      expect(output).not.toContain('    at ');
    } finally {
      blocker.close();
    }
  });

  it('lists all settings that are wrong, without a stack', async () => {
    const { code, output } = await runServiceProcess({ WELLFORMED_PORT: 'x', WELLFORMED_ENGINE: 'gpu' });
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toEqual([
      'The settings are wrong:',
      expect.stringContaining('WELLFORMED_PORT must be'),
      expect.stringContaining('WELLFORMED_ENGINE must be'),
    ]);
  });

  it('says what is wrong with a data folder that cannot be one', async () => {
    const { code, output } = await runServiceProcess({
      WELLFORMED_DATA: path.join(process.execPath, 'data'),
    });
    expect(code).toBe(1);
    expect(output).toContain('Set WELLFORMED_DATA to a folder that this user may write');
    expect(output).not.toContain('    at ');
  });

  it('ends soon when asked to, though a client keeps its connection', async () => {
    const service = await start();
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    const before = performance.now();
    await service.stop();
    expect(performance.now() - before).toBeLessThan(8000);
  });

  it('ends when asked to, though an upload never ends', async () => {
    const service = await start({ WELLFORMED_SHUTDOWN_GRACE: '300 ms' });
    const upload = request(`${service.url}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '100000' },
    });
    const cut = new Promise((resolve) => upload.on('error', resolve));
    upload.write('--b\r\ncontent-disposition: form-data; name="file"; filename="x.tsv"\r\n\r\n1\tWe go.\n');
    while (readdirSync(path.join(data, 'staging')).length === 0) await sleep(20);
    await service.stop();
    await cut;
  });
});
