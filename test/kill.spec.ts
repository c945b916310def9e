import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunDto } from '../packages/client/src/index.js';
import { Database } from '../src/storage/sqlite.js';
import { ask, formBytes } from './support/clients.js';
import { ModelHub } from './support/model-hub.js';
import { practiceRows } from './support/practice-rows.js';
import { childrenOf, isRunning } from './support/processes.js';
import { seededFolder } from './support/seeded-folder.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

let data: string;
let model: string;
let hub: ModelHub;
let service: RunningService;
beforeAll(async () => {
  hub = await ModelHub.start();
  hub.add('owner/tiny', 'test/goldens/tiny-bert');
  const seeded = await seededFolder();
  data = seeded.path;
  model = seeded.models[0]!;
});
afterEach(() => service.stop());
afterAll(async () => {
  await hub.stop();
  rmSync(data, { recursive: true, force: true });
});

const start = async () => {
  const settings = {
    WELLFORMED_ENGINE: 'wasm',
    WELLFORMED_HUB_URL: hub.url,
    WELLFORMED_SHUTDOWN_GRACE: '1 s',
  };
  service = await startServiceProcess({ data, settings });
};
const json = async <T>(route: string) => JSON.parse((await ask(service.url + route)).text) as T;
const train = async (rows: number, baseModel: string) => {
  const form = formBytes(practiceRows(rows, 1), { baseModel, epochs: '20', promote: 'never' });
  const { text } = await ask(`${service.url}/train`, { method: 'POST', ...form });
  return json<RunDto>(`/train/${(JSON.parse(text) as RunDto).id}`);
};
const staging = () => readdirSync(path.join(data, 'staging'), { recursive: true }).map(String);
const downloads = () => {
  const folder = path.join(data, 'base-models', '.staging');
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
};
const patience = { timeout: 50_000 };

/** What a start finds: a whole database, the model still serving, and nothing of what was not finished. */
async function expectSoundness(): Promise<void> {
  const prediction = { method: 'POST', body: 'The cat sat.', headers: { 'content-type': 'text/plain' } };
  const { status, text } = await ask(`${service.url}/predict`, prediction);
  expect([status, JSON.parse(text)]).toMatchObject([200, { model: { id: model } }]);
  await expect.poll(staging, patience).toEqual([]);
  expect(downloads()).toEqual([]);
  expect(readdirSync(path.join(data, 'models'))).toEqual([model]);
  const datasets = await json<{ items: { id: string }[] }>('/datasets');
  expect(readdirSync(path.join(data, 'datasets')).sort()).toEqual(datasets.items.map(({ id }) => id).sort());
  const database = new Database(path.join(data, 'wellformed.sqlite'), { readonly: true });
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(database.pragma('foreign_key_check')).toEqual([]);
  database.close();
}

describe('a service that was killed', () => {
  it('has nothing half-made of an upload and a training', async () => {
    await start();
    const run = await train(2000, 'tiny-bert');
    // The first evaluation has left weights in the staged folder.
    await expect
      .poll(() => staging().some((file) => file.endsWith('model.safetensors')), patience)
      .toBe(true);
    const before = staging().length;
    const { body, headers } = formBytes('1\tWe go.\n'.repeat(100_000));
    const upload = request(`${service.url}/datasets`, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.length) },
    });
    const cut = new Promise((resolve) => upload.once('error', resolve));
    upload.write(body.subarray(0, body.length / 2));
    await expect.poll(() => staging().length, patience).toBeGreaterThan(before);

    const [training] = childrenOf(service.pid);
    await service.kill();
    await cut;
    await expect.poll(() => isRunning(training!), patience).toBe(false);
    expect(staging().length).toBeGreaterThan(before);
    await start();
    // It goes on by itself.
    const again = await service.client.until(
      run.id,
      ({ attempt, status }) => attempt === 2 && status === 'running',
    );
    expect(again).toMatchObject({ restarts: 1, error: null, modelId: null });
    expect(service.logs()).toContain(`Run ${run.id} was at work when the service last stopped`);
    await service.client.cancel(run.id);
    await service.client.untilEnded(run.id);
    await expectSoundness();
    expect(readFileSync(path.join(data, 'datasets', run.datasetId, 'manifest.json'), 'utf8')).toContain(
      'rows.tsv',
    );
  });

  it('leaves no half of a base model, and fetches it again', async () => {
    hub.faults.stallsAfter = 20_000;
    await start();
    const run = await train(2000, 'owner/tiny');
    await expect
      .poll(() => downloads().some((file) => file.includes('model.safetensors')), patience)
      .toBe(true);
    await service.kill();
    expect(downloads()).not.toEqual([]);
    hub.reset();
    await start();
    await service.client.until(run.id, ({ attempt, status }) => attempt === 2 && status === 'running');
    expect(downloads()).toEqual([]);
    await service.client.cancel(run.id);
    await service.client.untilEnded(run.id);
    await expectSoundness();
  });
});
