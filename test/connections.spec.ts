import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startServiceProcess, type RunningService } from './support/service-process.js';

describe.skipIf(process.platform !== 'linux')('more connections than there are files', () => {
  let service: RunningService;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    agent.destroy();
    await service.stop();
  });

  /** On the one connection of the agent. */
  const upload = async (): Promise<number> => {
    const asked = request(`${service.url}/datasets`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    });
    asked.end(
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x.tsv"\r\n\r\n1\tWe go.\n\r\n--b--\r\n',
    );
    const [answer] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode!;
  };

  it('leave those to the service that it needs', async () => {
    service = await startServiceProcess({
      under: ['sh', '-c', 'ulimit -n 800; exec "$@"', 'sh'],
    });
    expect(service.logs()).toContain('At most 544 connections are taken, not 16384');
    expect(await upload()).toBe(201);
    const { hostname, port } = new URL(service.url);
    for (let i = 0; i < 1000; i++) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      sockets.push(socket);
    }
    await expect
      .poll(() => sockets.filter((socket) => socket.closed).length, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(400);
    await sleep(100);
    for (let i = 0; i < 5; i++) expect(await upload()).toBe(201);
  });
});
