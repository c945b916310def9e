import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

/* The built service goes on, whatever becomes of its log. */

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folders: string[] = [];
let service: ChildProcess;

afterEach(() => {
  service.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(stdio: 'pipe' | number): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-log-'));
  folders.push(folder);
  const port = await freePort();
  service = spawn(process.execPath, [main], {
    env: { ...process.env, WELLFORMED_DATA: folder, WELLFORMED_PORT: String(port) },
    stdio: ['ignore', stdio, stdio],
  });
  return `http://127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Waits until the service answers. */
async function live(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const isUp = await fetch(`${url}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    if (service.exitCode !== null || service.signalCode !== null) break;
    await sleep(100);
  }
  throw new Error(`The service does not answer (exit ${service.exitCode}, signal ${service.signalCode}).`);
}

async function lost(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(/^wellformed_log_lines_lost_total (\d+)$/m.exec(page)![1]);
}

async function endsInOrder(): Promise<void> {
  service.kill('SIGTERM');
  expect(await once(service, 'exit')).toEqual([0, null]);
}

describe('the service', () => {
  it('goes on when nobody reads its log any more', async () => {
    const url = await start('pipe');
    await live(url);
    service.stdout!.destroy();
    service.stderr!.destroy();
    for (let count = 0; count < 20; count++) await fetch(`${url}/models/unknown`);
    await live(url);
    await expect.poll(() => lost(url)).toBeGreaterThan(0);
    await endsInOrder();
  });

  it('goes on, and ends, when whoever reads its log stands still', async () => {
    const url = await start('pipe');
    await live(url);
    service.stdout!.pause();
    const query = 'x'.repeat(8000);
    for (let count = 0; count < 200; count++) await fetch(`${url}/models/unknown?${query}`);
    await live(url);
    await endsInOrder();
  });

  it.skipIf(!existsSync('/dev/full'))('goes on where the log has no room', async () => {
    const url = await start(openSync('/dev/full', 'w'));
    await live(url);
    for (let count = 0; count < 20; count++) await fetch(`${url}/models/unknown`);
    await live(url);
    expect(await lost(url)).toBeGreaterThan(0);
    await endsInOrder();
  });
});
