import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto } from '../src/datasets/dto/dataset.dto.js';
import type { ModelDto, ModelPageDto } from '../src/models/dto/model.dto.js';
import type { RunDto, RunPageDto } from '../src/training/dto/run.dto.js';
import { problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import type { RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';
import {
  get,
  parseEvents,
  quick,
  request,
  slow,
  startTrainer,
  text,
  tinyBaseModels,
  trainJson,
  untilEnded,
  untilTraining,
  upload,
} from './support/trainer.js';

const baseModels = tinyBaseModels();

describe('the queue', { timeout: 180_000 }, () => {
  let service: RunningService;
  let dataset: DatasetDto;

  beforeAll(async () => {
    service = await startTrainer(baseModels);
    dataset = await upload(service, 400, 4);
  });
  afterAll(() => service.stop());

  /** A run that ended as it should, on files in the other formats. */
  const trainedOnFiles = shared(async () => {
    const rows = practiceRows(60, 9)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]);
    const form = new FormData();
    form.set('baseModel', 'tiny-bert');
    form.set('name', ' 😀 cafe\u0301 ');
    form.set(
      'file',
      new Blob([`sentence,label\n${rows.map(([text, label]) => `"${text}",${label}\n`).join('')}`]),
      'a.csv',
    );
    const validation = ['The cat sat.', 'Cat the sat.', 'the cat sat.'].map((sentence, i) =>
      JSON.stringify({ sentence, label: i % 2 }),
    );
    form.set('validationFile', new Blob([validation.join('\n')]), 'b.jsonl');
    const response = await fetch(`${service.url}/train`, { method: 'POST', body: form });
    const text = await response.text();
    expect([response.status, text]).toEqual([202, text]);
    const started = JSON.parse(text) as RunDto;
    return { started, ended: await untilEnded(service, started.id) };
  });

  it('runs one at a time, oldest first, and forgets what is cancelled', async () => {
    const models = async () => (await get<ModelPageDto>(service, '/models')).items.map(({ id }) => id);
    const before = await models();
    const first = await trainJson(service, slow(dataset));
    const second = await trainJson(service, quick(dataset));
    const third = await trainJson(service, quick(dataset));
    await untilTraining(service, first.id);
    expect((await get<RunDto>(service, `/train/${second.id}`)).status).toBe('queued');
    expect(await text(service, '/metrics')).toContain('wellformed_training_queue_length 2\n');
    const list = await get<RunPageDto>(service, '/train?status=queued');
    expect(list.items.map(({ id }) => id)).toEqual([third.id, second.id]);

    for (const id of [first.id, second.id]) {
      const refused = await problemOf(await request(service, 'DELETE', `/train/${id}`), 409);
      expect(refused.detail).toContain(`POST /train/${id}/cancel`);
    }

    const waiting = await request(service, 'POST', `/train/${second.id}/cancel`);
    expect([waiting.status, ((await waiting.json()) as RunDto).status]).toEqual([202, 'cancelled']);
    const asked = performance.now();
    expect((await request(service, 'POST', `/train/${first.id}/cancel`)).status).toBe(202);
    const cancelled = await untilEnded(service, first.id);
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(cancelled).toMatchObject({ status: 'cancelled', modelId: null, error: null });
    expect(cancelled.step).toBeLessThan(cancelled.totalSteps!);

    const { status, modelId } = await untilEnded(service, third.id);
    expect(status).toBe('succeeded');
    expect(readdirSync(path.join(service.data, 'staging'))).toEqual([]);
    expect(await models()).toEqual([modelId, ...before]);
  });

  it('cancels once, and nothing that has ended otherwise', async () => {
    const { ended: succeeded } = await trainedOnFiles();
    const cancelled = await trainJson(service, slow(dataset));
    await cancel(cancelled);
    expect((await request(service, 'POST', `/train/${cancelled.id}/cancel`)).status).toBe(202);
    const refused = await problemOf(await request(service, 'POST', `/train/${succeeded.id}/cancel`), 409);
    expect(refused.detail).toContain('succeeded');
    await problemOf(await request(service, 'POST', '/train/run_01JD3W5M4E7Y2V0N8GQ6T1CXZA/cancel'), 404);
  });

  it('takes CSV and JSON lines, and reports on the validation file too', async () => {
    const { started: run, ended } = await trainedOnFiles();
    expect(run.name).toBe('😀 caf\u00e9');
    const read = (id: string) => get<DatasetDto>(service, `/datasets/${id}`);
    expect(await read(run.datasetId)).toMatchObject({ rows: 60, statistics: { fileFormat: 'csv' } });
    expect(await read(run.validationDatasetId!)).toMatchObject({
      statistics: { fileFormat: 'jsonl' },
      warnings: [{ kind: 'near-duplicates', count: 1, lines: [3] }],
    });
    expect(ended.status).toBe('succeeded');
    expect((await get<ModelDto>(service, `/models/${ended.modelId}`)).name).toBe('😀 caf\u00e9');
  });

  it('deletes what has ended, with its events', async () => {
    const runs = async (query = '') =>
      (await get<RunPageDto>(service, `/train${query}`)).items.map(({ id }) => id);
    const before = await runs();
    const running = await trainJson(service, slow(dataset));
    const waiting = await trainJson(service, quick(dataset));
    await untilTraining(service, running.id);
    await cancel(waiting);
    await cancel(running);
    expect(await runs()).toEqual([waiting.id, running.id, ...before]);
    expect((await runs('?status=cancelled')).slice(0, 2)).toEqual([waiting.id, running.id]);
    for (const { id } of [running, waiting]) {
      expect((await request(service, 'DELETE', `/train/${id}`)).status).toBe(204);
      await problemOf(await request(service, 'GET', `/train/${id}`), 404);
      await problemOf(await request(service, 'GET', `/train/${id}/events`), 404);
    }
    expect(await runs()).toEqual(before);
  });

  async function cancel({ id }: RunDto): Promise<void> {
    expect((await request(service, 'POST', `/train/${id}/cancel`)).status).toBe(202);
    expect((await untilEnded(service, id)).status).toBe('cancelled');
  }
});

describe('a service that ends while it trains', { timeout: 180_000 }, () => {
  it.each(['kill', 'stop'] as const)(
    'shows the run as interrupted and goes on with the queue (%s)',
    async (how) => {
      const data = mkdtempSync(path.join(tmpdir(), 'wellformed-train-'));
      let service = await startTrainer(baseModels, { data });
      const dataset = await upload(service, 400, 5);
      const running = await trainJson(service, slow(dataset));
      const queued = await trainJson(service, quick(dataset));
      await untilTraining(service, running.id);
      const follower = fetch(`${service.url}/train/${running.id}/events`).then((response) => response.text());
      // A power cut breaks it off, maybe before anybody waits for it.
      follower.catch(() => undefined);
      const asked = performance.now();
      await service[how]();
      if (how === 'stop') {
        expect(performance.now() - asked).toBeLessThan(15_000);
        expect(parseEvents(await follower).at(-1)).toMatchObject({
          event: 'status',
          data: { status: 'interrupted' },
        });
      } else {
        await expect(follower).rejects.toThrow();
      }

      service = await startTrainer(baseModels, { data });
      const interrupted = await get<RunDto>(service, `/train/${running.id}`);
      expect(interrupted).toMatchObject({
        status: 'interrupted',
        modelId: null,
        error: { detail: expect.stringContaining('POST /train') },
      });
      expect(interrupted.step).toBeGreaterThan(0);
      expect(interrupted.finishedAt).not.toBeNull();
      expect((await untilEnded(service, queued.id)).status).toBe('succeeded');
      expect(readdirSync(path.join(data, 'staging'))).toEqual([]);
      await service.stop();
      rmSync(data, { recursive: true });
    },
  );
});
