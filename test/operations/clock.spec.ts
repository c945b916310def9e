import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetDto, DatasetPageDto, RunDto } from '../../packages/client/src/index.js';
import { formOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';

/*
 * The service under libfaketime, which gives a process whatever time of day it is told to, from one moment to the next; as with a
 * clock that is set, the time that timers run by goes on.
 */

const library = findLibrary();
if (!library) {
  console.warn(
    'The tests of clock jumps are skipped: they need Linux and libfaketime (apt-get install libfaketime).',
  );
}

const DAY = 86_400;

describe.skipIf(!library)('a clock that jumps', { timeout: 400_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-clock-'));
  const offset = path.join(folder, 'offset');
  const data = path.join(folder, 'data');
  let service: RunningService;

  const setClock = (seconds: number) => writeFileSync(offset, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  const start = async () => {
    service = await startServiceProcess({
      data,
      settings: {
        WELLFORMED_ENGINE: 'wasm',
        WELLFORMED_RATE_LIMIT: '100000',
        LD_PRELOAD: library!,
        FAKETIME_TIMESTAMP_FILE: offset,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      },
    });
  };
  beforeAll(async () => {
    const tinyBert = fileURLToPath(new URL('../goldens/tiny-bert/', import.meta.url));
    cpSync(tinyBert, path.join(data, 'base-models', 'tiny-bert'), { recursive: true });
    setClock(0);
    await start();
  });
  beforeEach(() => setClock(0));
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  const json = async <T>(url: string, init?: RequestInit): Promise<T> => {
    const response = await fetch(service.url + url, init);
    const text = await response.text();
    expect(response.ok, text).toBe(true);
    return JSON.parse(text) as T;
  };
  const train = (rows: number, epochs: number) => {
    const body = formOf(practiceRows(rows, 1), {
      baseModel: 'tiny-bert',
      epochs: String(epochs),
      batchSize: '16',
    });
    return json<RunDto>('/train', { method: 'POST', body });
  };
  const upload = () => json<DatasetDto>('/datasets', { method: 'POST', body: formOf('1\tWe go.\n') });
  const until = async (id: string, is: (run: RunDto) => boolean): Promise<RunDto> => {
    for (;;) {
      const run = await json<RunDto>(`/train/${id}`);
      if (is(run)) return run;
      await sleep(50);
    }
  };

  it('disturbs no training, no prediction and no follower', async () => {
    const first = await train(160, 2);
    expect((await until(first.id, (run) => run.finishedAt !== null)).status).toBe('succeeded');

    const { id } = await train(2000, 20);
    const events = fetch(`${service.url}/train/${id}/events`).then((response) => response.text());
    await until(id, (run) => run.step > 0);
    const uploaded: string[] = [];
    for (const days of [0, 1, -2, 400, -0.04, 0]) {
      setClock(Math.round(days * DAY));
      const { id: uploadedId, createdAt } = await upload();
      expect(Math.abs(new Date(createdAt).getTime() - Date.now() - days * DAY * 1000)).toBeLessThan(120_000);
      uploaded.push(uploadedId);
      for (let i = 0; i < 20; i++) {
        const started = performance.now();
        const answer = await fetch(`${service.url}/predict`, {
          method: 'POST',
          body: 'The cat saw a dog.',
          headers: { 'content-type': 'text/plain' },
        });
        expect(answer.status).toBe(200);
        const [, total] = /total;dur=([-\d.]+)/.exec(answer.headers.get('server-timing') ?? '') ?? [];
        expect(Number(total)).toBeGreaterThanOrEqual(0);
        expect(Number(total)).toBeLessThanOrEqual(performance.now() - started);
        const [, wait] = /t=(-?\d+)/.exec(answer.headers.get('ratelimit')!)!;
        expect(Number(wait)).toBeGreaterThanOrEqual(0);
        expect(Number(wait)).toBeLessThanOrEqual(60);
        await answer.text();
      }
      const { status, secondsLeft } = await json<RunDto>(`/train/${id}`);
      expect(['running', 'succeeded']).toContain(status);
      if (secondsLeft !== null) expect(secondsLeft).toBeLessThan(1000);
    }
    const run = await until(id, ({ finishedAt }) => finishedAt !== null);
    expect(run.status).toBe('succeeded');
    for (const { trainingSeconds } of run.epochs) {
      expect(trainingSeconds).toBeGreaterThan(0);
      expect(trainingSeconds).toBeLessThan(100);
    }
    expect(await events).toContain('"status":"succeeded"');
    // Lists show the newest first, whatever the clock said.
    const { items } = await json<DatasetPageDto>('/datasets');
    expect(items.map((dataset) => dataset.id).slice(0, uploaded.length)).toEqual(uploaded.reverse());
    expect(service.logs()).not.toMatch(/This is a bug|"level":"(error|fatal)"/);
  });

  it('does not keep the service from starting, or from going on with what it had left', async () => {
    const { id } = await train(2000, 20);
    await until(id, (run) => run.step > 0);
    await service.kill();
    setClock(-3 * DAY);
    await start();
    await until(id, ({ attempt, status }) => attempt === 2 && status === 'running');
    await service.client.cancel(id);
    const { status, startedAt, finishedAt } = await until(id, (run) => run.finishedAt !== null);
    expect(status).toBe('cancelled');
    expect(Date.parse(finishedAt!)).toBeGreaterThanOrEqual(Date.parse(startedAt!));
    const again = await train(160, 2);
    expect((await until(again.id, (run) => run.finishedAt !== null)).status).toBe('succeeded');
  });
});

function findLibrary(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folders = [
    '/usr/lib',
    '/usr/local/lib',
    '/usr/lib64',
    ...readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`),
  ];
  return folders.map((folder) => `${folder}/faketime/libfaketimeMT.so.1`).find((file) => existsSync(file));
}
