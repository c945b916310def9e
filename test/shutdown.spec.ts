import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunDto } from '../packages/client/src/index.js';
import { ask, formBytes, type Answer } from './support/clients.js';
import { practiceRows } from './support/practice-rows.js';
import { seededFolder } from './support/seeded-folder.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

let data: string;
let service: RunningService;
beforeAll(async () => {
  data = (await seededFolder()).path;
});
afterEach(() => service.stop());
afterAll(() => rmSync(data, { recursive: true, force: true }));

const start = async (settings: Record<string, string> = {}) => {
  service = await startServiceProcess({ data, settings });
};
const sentence = {
  method: 'POST',
  body: 'The cat sat on the mat.',
  headers: { 'content-type': 'text/plain' },
};
const json = async <T>(path: string) => JSON.parse((await ask(service.url + path)).text) as T;

/** A training that goes on until it is stopped, when its first steps are done. */
async function startTraining(): Promise<string> {
  const form = formBytes(practiceRows(9600, 1), { baseModel: 'tiny-bert', epochs: '20', promote: 'never' });
  const { status, text } = await ask(`${service.url}/train`, { method: 'POST', ...form });
  expect([status, text]).toEqual([202, text]);
  const { id } = JSON.parse(text) as RunDto;
  await expect
    .poll(async () => (await json<RunDto>(`/train/${id}`)).step, { timeout: 50_000 })
    .toBeGreaterThan(1);
  return id;
}

/** Sends one request after another over one connection, as long as it may. */
async function keepAsking(mayAsk: () => boolean): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers: Answer[] = [];
  while (mayAsk()) answers.push(await ask(`${service.url}/predict`, { ...sentence, agent }));
  agent.destroy();
  return answers;
}

/** What twelve clients get that have sent a request a moment before the signal, each over a connection of its own or one that was used before. */
async function askAtTheSignal(): Promise<string[]> {
  const { hostname, port } = new URL(service.url);
  const request = `POST /predict HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nThe cat.`;
  const sockets = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      if (index % 2 === 0) return socket;
      socket.write(`GET /health/live HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
      await once(socket, 'data');
      return socket;
    }),
  );
  const answers = sockets.map(
    (socket) =>
      new Promise<string>((resolve) => {
        socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1', 0, 12)));
        socket.once('error', ({ message }) => resolve(message));
        socket.once('close', () => resolve('closed'));
      }),
  );
  for (const socket of sockets) socket.write(request);
  // So that the service has all of them before it, and none of them read, when it goes on with the signal.
  process.kill(service.pid, 'SIGSTOP');
  await sleep(50);
  process.kill(service.pid, 'SIGTERM');
  process.kill(service.pid, 'SIGCONT');
  const told = await Promise.all(answers);
  for (const socket of sockets) socket.destroy();
  return told;
}

describe('SIGTERM', () => {
  it('answers all requests that were sent by then', async () => {
    for (let round = 0; round < 3; round++) {
      await start();
      expect(await askAtTheSignal()).toEqual(new Array(12).fill('HTTP/1.1 200'));
      expect(await service.exited).toBe(0);
    }
  });

  it('turns readiness, fails no request, and interrupts a training, which goes on at the next start', async () => {
    await start({ WELLFORMED_SHUTDOWN_DELAY: '3 s' });
    const runId = await startTraining();
    const following = ask(`${service.url}/train/${runId}/events`);
    const upload = beginUpload();
    let isReady = true;
    const clients = Array.from({ length: 4 }, () => keepAsking(() => isReady));
    await sleep(300);

    const signalledAt = performance.now();
    process.kill(service.pid, 'SIGTERM');
    let readiness: Answer;
    do readiness = await ask(`${service.url}/health/ready`);
    while (readiness.status === 200);
    expect(readiness).toMatchObject({ status: 503, connection: 'close' });
    expect(JSON.parse(readiness.text)).toMatchObject({
      status: 503,
      detail: expect.stringContaining('The service is shutting down') as string,
    });
    expect((await ask(`${service.url}/health/live`)).status).toBe(200);
    // Whoever sends requests here has heard of it a while later.
    await sleep(300);
    isReady = false;
    upload.finish();

    const answers = (await Promise.all(clients)).flat();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const late = answers.filter(({ sentAt }) => sentAt > readiness.doneAt);
    expect(late.length).toBeGreaterThan(4);
    expect(new Set(late.map(({ connection }) => connection))).toEqual(new Set(['close']));
    expect((await upload.answer).status).toBe(201);
    expect((await following).text).toMatch(/event: status\ndata: .*"interrupted".*\n\n$/);
    expect(await service.exited).toBe(0);
    expect(performance.now() - signalledAt).toBeLessThan(20_000);

    await start();
    const run = await service.client.until(runId, ({ resumption }) => resumption !== null);
    expect(run).toMatchObject({ attempt: 2, restarts: 0, error: null });
    expect(run.resumption!.step).toBeGreaterThan(1);
    const { id } = JSON.parse((await upload.answer).text) as { id: string };
    expect((await json<{ rows: number }>(`/datasets/${id}`)).rows).toBe(2);
  });

  it('does not wait for a connection that nothing has come over', async () => {
    await start({ WELLFORMED_SHUTDOWN_GRACE: '30 s' });
    const { hostname, port } = new URL(service.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    const signalledAt = performance.now();
    process.kill(service.pid, 'SIGTERM');
    expect(await service.exited).toBe(0);
    await closed;
    expect(performance.now() - signalledAt).toBeLessThan(15_000);
  });

  it('waits for what is under way, and no longer than it may', async () => {
    await start({ WELLFORMED_SHUTDOWN_GRACE: '500 ms' });
    const upload = beginUpload();
    await sleep(200);
    const signalledAt = performance.now();
    process.kill(service.pid, 'SIGTERM');
    expect(await service.exited).toBe(0);
    expect(performance.now() - signalledAt).toBeGreaterThan(400);
    expect((await upload.answer).status).toBe(0);
  });
});

it('does not hold up the end of a process that a native library has crashed', async () => {
  await start();
  process.kill(service.pid, 'SIGSEGV');
  expect(await service.exited).toBe('SIGSEGV');
  expect(service.logs()).not.toContain('The service ends');
});

/** Half of an upload, and its end when it is called for. */
function beginUpload(): { answer: Promise<{ status: number; text: string }>; finish(): void } {
  const { body, headers } = formBytes('1\tWe go.\n0\tWe goes.\n');
  const sent = request(`${service.url}/datasets`, {
    method: 'POST',
    headers: { ...headers, 'content-length': String(body.length) },
  });
  const answer = once(sent, 'response').then(
    async ([response]) => {
      let text = '';
      for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
      return { status: (response as { statusCode: number }).statusCode, text };
    },
    (error: Error) => ({ status: 0, text: error.message }),
  );
  sent.write(body.subarray(0, body.length - 20));
  return { answer, finish: () => sent.end(body.subarray(body.length - 20)) };
}
