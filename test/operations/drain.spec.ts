import { cpSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunDto } from '../../packages/client/src/index.js';
import { ask, formBytes, type Answer } from '../support/clients.js';
import { practiceRows } from '../support/practice-rows.js';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { Balancer } from './support/balancer.js';

/*
 * Two services behind a balancer, each with a data folder of its own, are restarted in turn while clients use them in all ways at once.
 * No request fails, and every training goes on where it was.
 */

const RESTARTS = 6;
const SHUTDOWN = { delay: 3000, grace: 20_000 };

/** How many clients do what, each over a connection of its own for each service. */
const CLIENTS = { sentence: 32, batch: 8, stream: 4, upload: 4 };

const folders: string[] = [];
const services: (RunningService | undefined)[] = [undefined, undefined];
let balancer: Balancer;

const start = async (place: number) => {
  services[place] = await startServiceProcess({
    data: folders[place],
    settings: {
      WELLFORMED_SHUTDOWN_DELAY: `${SHUTDOWN.delay} ms`,
      WELLFORMED_SHUTDOWN_GRACE: `${SHUTDOWN.grace} ms`,
    },
  });
  while (!balancer.isReady(services[place].url)) await sleep(20);
};

beforeAll(async () => {
  const { path } = await seededFolder();
  folders.push(path, `${path}-2`);
  cpSync(path, folders[1]!, { recursive: true });
  balancer = new Balancer(() => services.flatMap((service) => (service ? [service.url] : [])));
  await start(0);
  await start(1);
});
afterAll(async () => {
  await balancer.stop();
  for (const service of services) await service?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

type Request = [route: string, status: number, body: string | Buffer, headers: Record<string, string>];

const lines = practiceRows(400, 3).split('\n').slice(0, -1);
const sentences = lines.map((line) => line.split('\t')[0]!);
const upload = formBytes(practiceRows(2000, 4));
const requests: Record<keyof typeof CLIENTS, Request> = {
  sentence: ['/predict', 200, sentences[0]!, { 'content-type': 'text/plain' }],
  batch: [
    '/predict',
    200,
    JSON.stringify({ sentences: sentences.slice(0, 32) }),
    { 'content-type': 'application/json' },
  ],
  stream: ['/predict', 200, sentences.join('\n'), { 'content-type': 'text/tab-separated-values' }],
  upload: ['/datasets', 201, upload.body, upload.headers],
};

it('restarts that follow each other fail no request', async () => {
  const failures: (Answer & { what: string })[] = [];
  const counts: Record<string, number> = {};
  let isOver = false;
  const client = async (what: keyof typeof CLIENTS) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const [route, status, body, headers] = requests[what];
    while (!isOver) {
      const answer = await ask((await balancer.next()) + route, { method: 'POST', body, headers, agent });
      const isWhole = what !== 'stream' || answer.text.trimEnd().split('\n').length === sentences.length + 1;
      if (answer.status !== status || !isWhole) failures.push({ ...answer, what });
      counts[what] = (counts[what] ?? 0) + 1;
    }
    agent.destroy();
  };
  const clients = Object.entries(CLIENTS).flatMap(([what, number]) =>
    Array.from({ length: number }, () => client(what as keyof typeof CLIENTS)),
  );

  const ends: number[] = [];
  for (let restart = 0; restart < RESTARTS; restart++) {
    const place = restart % 2;
    const service = services[place]!;
    const runId = await startTraining(service);
    const signalledAt = performance.now();
    process.kill(service.pid, 'SIGTERM');
    expect(await service.exited).toBe(0);
    ends.push(performance.now() - signalledAt);
    await start(place);
    const { client } = services[place]!;
    const run = await client.until(
      runId,
      ({ resumption, status }) => resumption !== null && status === 'running',
    );
    // It left a checkpoint when the service ended, which is no crash.
    expect(run).toMatchObject({ attempt: 2, restarts: 0, error: null, resumption: { isExact: true } });
    expect(run.resumption!.step).toBeGreaterThan(0);
    await client.cancel(runId);
    expect((await client.untilEnded(runId)).status).toBe('cancelled');
  }
  isOver = true;
  await Promise.all(clients);

  console.log(
    `${JSON.stringify(counts)} requests; services ended after ${ends.map((end) => `${(end / 1000).toFixed(1)} s`).join(', ')}`,
  );
  expect(failures).toEqual([]);
  expect(Math.min(...Object.keys(CLIENTS).map((what) => counts[what]!))).toBeGreaterThan(RESTARTS);
  expect(Math.max(...ends)).toBeLessThan(SHUTDOWN.delay + SHUTDOWN.grace + 5000);
});

/** A training that will not have ended by itself, in its first steps. */
async function startTraining(service: RunningService): Promise<string> {
  const form = formBytes(practiceRows(9600, 1), { baseModel: 'tiny-bert', epochs: '20', promote: 'never' });
  const { status, text } = await ask(`${service.url}/train`, { method: 'POST', ...form });
  expect([status, text]).toEqual([202, text]);
  const { id } = JSON.parse(text) as RunDto;
  await expect
    .poll(async () => (await json<RunDto>(service, `/train/${id}`)).step, { timeout: 120_000 })
    .toBeGreaterThan(1);
  return id;
}

async function json<T>(service: RunningService, path: string): Promise<T> {
  return JSON.parse((await ask(service.url + path)).text) as T;
}
