import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFilesLimit } from '../../src/http/open-files.js';
import type { RunningService } from '../support/service-process.js';
import { sampleProcess } from './support/process-watch.js';
import { startTrainedService } from './support/trained-service.js';

/* As many clients as there may be, and the worst of them. */

const CONNECTIONS = 10_000;

/** Most requests at a time: half of the sentences that may wait for a model. */
const AT_ONCE = 500;

const enough = (openFilesLimit() ?? 0) >= CONNECTIONS + 1000;
if (!enough) {
  console.warn(
    `The test of ${CONNECTIONS} connections is skipped: it needs Linux, and a limit of ${CONNECTIONS + 1000} open files (ulimit -n).`,
  );
}

const requestOf = (sentence: string) =>
  `POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: ${sentence.length}\r\n\r\n${sentence}`;

function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The first bytes of what comes, or how the connection ended. */
function firstAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1', 0, 12)));
    socket.once('error', (error) => resolve(error.message));
    socket.once('close', () => resolve('closed'));
  });
}

describe.skipIf(!enough)(`${CONNECTIONS} connections`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-clients-'));
  let service: RunningService;
  beforeAll(async () => {
    service = await startTrainedService(path.join(folder, 'data'), { WELLFORMED_CLIENT_TIMEOUT: '10 min' });
  });
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  it('are all answered, leave room for others, and are gone when they are closed', async () => {
    const before = sampleProcess(service.pid);
    const sockets: Socket[] = [];
    while (sockets.length < CONNECTIONS) {
      sockets.push(...(await Promise.all(Array.from({ length: 200 }, () => open(service.url)))));
    }
    await expect.poll(() => sampleProcess(service.pid).openFiles).toBeGreaterThan(CONNECTIONS);

    const answers = new Map<string, number>();
    for (let start = 0; start < sockets.length; start += AT_ONCE) {
      const turn = sockets.slice(start, start + AT_ONCE).map((socket) => {
        socket.write(requestOf('The cat saw a dog.'));
        return firstAnswer(socket);
      });
      for (const answer of await Promise.all(turn)) answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (start === AT_ONCE) expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    }
    expect(Object.fromEntries(answers)).toEqual({ 'HTTP/1.1 200': CONNECTIONS });
    const during = sampleProcess(service.pid);
    console.log(
      `${CONNECTIONS} connections take ${(during.residentMiB - before.residentMiB).toFixed(0)} MiB ` +
        `(${before.residentMiB.toFixed(0)} → ${during.residentMiB.toFixed(0)})`,
    );

    for (const socket of sockets) socket.destroy();
    await expect
      .poll(() => sampleProcess(service.pid).openFiles, { timeout: 60_000 })
      .toBeLessThanOrEqual(before.openFiles + 5);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  });
});

describe.skipIf(process.platform !== 'linux')('slow and broken clients', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-clients-'));
  const data = path.join(folder, 'data');
  let service: RunningService;
  beforeAll(async () => {
    service = await startTrainedService(data, { WELLFORMED_CLIENT_TIMEOUT: '2 s' });
  });
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  const form =
    '--b\r\ncontent-disposition: form-data; name="file"; filename="x.tsv"\r\n\r\n' +
    '1\tWe go home.\n'.repeat(500);
  const upload = `POST /datasets HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000\r\n\r\n`;
  const stream =
    'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n';
  const lines = '{"sentence":"The cat saw a dog."}\n'.repeat(2000);
  const chunk = `${lines.length.toString(16)}\r\n${lines}\r\n`;
  const trickle = async (socket: Socket, text: string) => {
    for (const letter of text) {
      if (socket.destroyed) return;
      socket.write(letter);
      await sleep(100);
    }
  };

  /** What a client may do wrong with a connection. */
  const faults: Record<string, (socket: Socket) => unknown> = {
    'says nothing': () => undefined,
    'sends headers letter by letter': (socket) => trickle(socket, requestOf('x'.repeat(100))),
    'sends a body letter by letter': (socket) => {
      socket.write(upload);
      return trickle(socket, form);
    },
    'closes in the middle of the headers': (socket) => socket.end('POST /predict HTTP/1.1\r\nhost'),
    'resets in the middle of a sentence': (socket) => {
      socket.write(requestOf('The cat saw a dog.').slice(0, -5));
      return sleep(5).then(() => socket.resetAndDestroy());
    },
    'resets in the middle of an upload': (socket) => {
      socket.write(upload + form);
      return sleep(20).then(() => socket.resetAndDestroy());
    },
    'leaves before the answer': (socket) => {
      socket.write(requestOf('The cat saw a dog.'));
      socket.destroySoon();
    },
    'resets in the middle of a stream': (socket) => {
      socket.write(stream + chunk);
      return sleep(30).then(() => socket.resetAndDestroy());
    },
    'does not read what it streams': (socket) => {
      socket.pause();
      socket.write(stream + chunk + chunk);
    },
    'speaks no HTTP': (socket) => socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xff, 0xfe])),
    'breaks its chunks': (socket) => socket.write(`${stream}zz\r\n{}\r\n`),
    'sends request after request and reads nothing': (socket) => {
      socket.pause();
      socket.write('GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(50));
    },
  };

  it('disturb no other, and are gone in the end', async () => {
    const before = sampleProcess(service.pid);
    let over = false;
    const broken: { socket: Socket; fault: string }[] = [];
    const breaking = Object.entries(faults).map(async ([name, fault]) => {
      while (!over) {
        const socket = await open(service.url);
        socket.on('error', () => undefined);
        if (socket.listenerCount('data') === 0 && !socket.isPaused()) socket.resume();
        broken.push({ socket, fault: name });
        void fault(socket);
        await sleep(50);
      }
    });
    let answered = 0;
    const wrong: string[] = [];
    const healthy = Array.from({ length: 4 }, async () => {
      while (!over) {
        try {
          const answer = await fetch(`${service.url}/predict`, {
            method: 'POST',
            body: JSON.stringify({ sentences: ['The cat saw a dog.', 'Cat the saw a dog.'] }),
            headers: { 'content-type': 'application/json' },
          });
          const text = await answer.text();
          if (answer.status !== 200) wrong.push(`${answer.status} ${text}`);
          answered++;
        } catch (error) {
          wrong.push(String((error as Error).cause ?? error));
        }
      }
    });
    await sleep(20_000);
    over = true;
    await Promise.all([...breaking, ...healthy]);
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    expect(broken.length).toBeGreaterThan(500);

    // The service ends by itself those that wait for nothing.
    const stillOpen = () =>
      broken.filter(({ socket }) => !socket.closed && !socket.isPaused()).map(({ fault }) => fault);
    await expect.poll(stillOpen, { timeout: 30_000 }).toEqual([]);
    for (const { socket } of broken) socket.destroy();
    await expect
      .poll(() => sampleProcess(service.pid).openFiles, { timeout: 30_000 })
      .toBeLessThanOrEqual(before.openFiles + 6);
    await expect.poll(() => readdirSync(path.join(data, 'staging')), { timeout: 30_000 }).toEqual([]);
    expect(readdirSync(path.join(data, 'datasets'))).toHaveLength(1);
    expect(service.logs()).not.toMatch(/This is a bug|"level":"(error|fatal)"/);
  });
});
