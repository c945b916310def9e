import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunDto } from '../packages/client/src/index.js';
import { formOf, problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import type { RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';
import { quick, slow, startTrainer, tinyBaseModels } from './support/trainer.js';

const baseModels = tinyBaseModels();

describe('the queue', { timeout: 180_000 }, () => {
  let service: RunningService;
  let dataset: DatasetDto;

  beforeAll(async () => {
    service = await startTrainer(baseModels);
    dataset = await service.client.uploadPractice(400, 4);
  });
  afterAll(() => service.stop());

  /** A run that ended as it should, on files in the other formats. */
  const trainedOnFiles = shared(async () => {
    const rows = practiceRows(60, 9)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]);
    const table = `sentence,label\n${rows.map(([text, label]) => `"${text}",${label}\n`).join('')}`;
    const validation = ['The cat sat.', 'Cat the sat.', 'the cat sat.'].map((sentence, i) =>
      JSON.stringify({ sentence, label: i % 2 }),
    );
    const started = await service.client.train({
      ...{ baseModel: 'tiny-bert', name: ' 😀 cafe\u0301 ' },
      file: new File([table], 'a.csv'),
      validationFile: new File([validation.join('\n')], 'b.jsonl'),
    });
    return { started, ended: await service.client.untilEnded(started.id) };
  });

  it('runs one at a time, oldest first, and forgets what is cancelled', async () => {
    const models = async () => (await service.client.api.models.list()).items.map(({ id }) => id);
    const before = await models();
    const first = await service.client.start(slow(dataset));
    const second = await service.client.start(quick(dataset));
    const third = await service.client.start(quick(dataset));
    await service.client.untilTraining(first.id);
    expect((await service.client.run(second.id)).status).toBe('queued');
    expect(await service.client.text('/metrics')).toContain('wellformed_training_queue_length 2\n');
    const list = await service.client.api.training.list({ query: { status: 'queued' } });
    expect(list.items.map(({ id }) => id)).toEqual([third.id, second.id]);

    for (const id of [first.id, second.id]) {
      const refused = await service.client.problem(409, 'DELETE', `/train/${id}`);
      expect(refused.detail).toContain(`POST /train/${id}/cancel`);
    }

    const waiting = await service.client.request('POST', `/train/${second.id}/cancel`);
    expect([waiting.status, ((await waiting.json()) as RunDto).status]).toEqual([202, 'cancelled']);
    const asked = performance.now();
    expect((await service.client.request('POST', `/train/${first.id}/cancel`)).status).toBe(202);
    const cancelled = await service.client.untilEnded(first.id);
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(cancelled).toMatchObject({ status: 'cancelled', modelId: null, error: null });
    expect(cancelled.step).toBeLessThan(cancelled.totalSteps!);

    const { status, modelId } = await service.client.untilEnded(third.id);
    expect(status).toBe('succeeded');
    await expect.poll(() => readdirSync(path.join(service.data, 'staging'))).toEqual([]);
    expect(await models()).toEqual([modelId, ...before]);
  });

  it('says where a run stands, and when its turn is likely to come', async () => {
    await trainedOnFiles();
    const first = await service.client.start(slow(dataset));
    await service.client.until(first.id, ({ estimatedFinish }) => estimatedFinish !== null);
    const second = await service.client.start(quick(dataset));
    const third = await service.client.start({ ...quick(dataset), priority: 5 });
    expect(second).toMatchObject({ queuePosition: 1, estimatedStart: expect.any(String) });
    expect(third).toMatchObject({ queuePosition: 1, priority: 5 });
    const { items } = await service.client.api.training.list({ query: { status: 'queued' } });
    expect(items.map(({ id, queuePosition }) => [id, queuePosition])).toEqual([
      [third.id, 1],
      [second.id, 2],
    ]);
    const [next, last] = items.map(({ estimatedStart }) => new Date(estimatedStart!));
    const running = await service.client.run(first.id);
    expect(running).toMatchObject({ queuePosition: null, estimatedStart: null });
    expect(Number(next)).toBeGreaterThan(Date.now());
    expect(Number(last)).toBeGreaterThan(Number(next));
    for (const run of [first, second, third]) await cancel(run);
  });

  it('cancels once, and nothing that has ended otherwise', async () => {
    const { ended: succeeded } = await trainedOnFiles();
    const cancelled = await service.client.start(slow(dataset));
    await cancel(cancelled);
    expect((await service.client.request('POST', `/train/${cancelled.id}/cancel`)).status).toBe(202);
    const refused = await service.client.problem(409, 'POST', `/train/${succeeded.id}/cancel`);
    expect(refused.detail).toContain('succeeded');
    await service.client.problem(404, 'POST', '/train/run_01JD3W5M4E7Y2V0N8GQ6T1CXZA/cancel');
  });

  it('takes CSV and JSON lines, and reports on the validation file too', async () => {
    const { started: run, ended } = await trainedOnFiles();
    expect(run.name).toBe('😀 caf\u00e9');
    const read = (id: string) => service.client.dataset(id);
    expect(await read(run.datasetId)).toMatchObject({ rows: 60, statistics: { fileFormat: 'csv' } });
    expect(await read(run.validationDatasetId!)).toMatchObject({
      statistics: { fileFormat: 'jsonl' },
      warnings: [{ kind: 'near-duplicates', count: 1, lines: [3] }],
    });
    expect(ended.status).toBe('succeeded');
    expect((await service.client.model(ended.modelId!)).name).toBe('😀 caf\u00e9');
  });

  it('deletes what has ended, with its events', async () => {
    const runs = async (query: { status?: RunDto['status'] } = {}) =>
      (await service.client.api.training.list({ query })).items.map(({ id }) => id);
    const before = await runs();
    const running = await service.client.start(slow(dataset));
    const waiting = await service.client.start(quick(dataset));
    await service.client.untilTraining(running.id);
    await cancel(waiting);
    await cancel(running);
    expect(await runs()).toEqual([waiting.id, running.id, ...before]);
    expect((await runs({ status: 'cancelled' })).slice(0, 2)).toEqual([waiting.id, running.id]);
    for (const { id } of [running, waiting]) {
      expect((await service.client.request('DELETE', `/train/${id}`)).status).toBe(204);
      await service.client.problem(404, 'GET', `/train/${id}`);
      await service.client.problem(404, 'GET', `/train/${id}/events`);
    }
    expect(await runs()).toEqual(before);
  });

  async function cancel({ id }: RunDto): Promise<void> {
    expect((await service.client.request('POST', `/train/${id}/cancel`)).status).toBe(202);
    expect((await service.client.untilEnded(id)).status).toBe('cancelled');
  }
});

describe('a service that ends while it trains', { timeout: 180_000 }, () => {
  it.each(['kill', 'stop'] as const)(
    'goes on with the run and the queue when it is back (%s)',
    async (how) => {
      const data = mkdtempSync(path.join(tmpdir(), 'wellformed-train-'));
      let service = await startTrainer(baseModels, { data });
      const dataset = await service.client.uploadPractice(400, 5);
      const running = await service.client.start(slow(dataset));
      const queued = await service.client.start(quick(dataset));
      await service.client.untilTraining(running.id);
      const follower = fetch(`${service.url}/train/${running.id}/events`).then((response) => response.text());
      // A power cut breaks it off, maybe before anybody waits for it.
      follower.catch(() => undefined);
      const asked = performance.now();
      await service[how]();
      if (how === 'stop') {
        expect(performance.now() - asked).toBeLessThan(15_000);
        const last = (await follower).trimEnd().split('\n\n').at(-1);
        expect(last).toMatch(/^event: status\ndata: .*"status":"interrupted"/m);
      } else {
        await expect(follower).rejects.toThrow();
      }

      service = await startTrainer(baseModels, { data });
      // It goes on, and the other one waits for its turn.
      const again = await service.client.until(
        running.id,
        ({ attempt, status }) => attempt === 2 && status === 'running',
      );
      expect(again).toMatchObject({ restarts: how === 'kill' ? 1 : 0, modelId: null, error: null });
      expect((await service.client.run(queued.id)).status).toBe('queued');
      await service.client.cancel(running.id);
      expect((await service.client.untilEnded(queued.id)).status).toBe('succeeded');
      await expect.poll(() => readdirSync(path.join(data, 'staging'))).toEqual([]);
      await service.stop();
      rmSync(data, { recursive: true });
    },
  );
});

describe('a queue that is full', { timeout: 120_000 }, () => {
  it('takes no more runs, stores none of their data, and takes some again once there is room', async () => {
    const service = await startTrainer(baseModels, { settings: { WELLFORMED_RUN_QUEUE: '2' } });
    try {
      const dataset = await service.client.uploadPractice(400, 4);
      const running = await service.client.start(slow(dataset));
      await service.client.untilTraining(running.id);
      const waiting = [
        await service.client.start(quick(dataset)),
        await service.client.start(quick(dataset)),
      ];
      const form = formOf(practiceRows(60, 2), { baseModel: 'tiny-bert' });
      const refused = await service.client.request('POST', '/train', form);
      expect(refused.headers.get('retry-after')).toBe('60');
      expect((await problemOf(refused, 429)).detail).toMatch(/2 runs wait already.*cancel one/);
      expect((await service.client.api.datasets.list()).items.map(({ id }) => id)).toEqual([dataset.id]);
      // It checks what could be done, and queues nothing.
      const dry = { datasetId: dataset.id, baseModel: 'tiny-bert', epochs: 1 };
      expect((await service.client.request('POST', '/train?dryRun=true', dry)).status).toBe(200);

      await service.client.cancel(waiting[0]!.id);
      expect((await service.client.start(quick(dataset))).status).toBe('queued');
    } finally {
      await service.stop();
    }
  });
});
