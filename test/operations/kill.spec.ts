import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunDto } from '../../packages/client/src/index.js';
import { ask, formBytes, type Answer, type Asking } from '../support/clients.js';
import { practiceRows } from '../support/practice-rows.js';
import { seededFolder } from '../support/seeded-folder.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { expectSoundDatabase, namesIn, orphansIn } from './support/sound-folder.js';

/*
 * A service is killed again and again while it is used in all ways at once. After each start all that it has confirmed is there, what it
 * had not confirmed is there whole or not at all, and it serves.
 */

const KILLS = 12;
const UPLOAD_ROWS = 3000;

let data: string;
let models: string[];
let service: RunningService | undefined;

/** What the service has confirmed. */
const confirmed = { uploaded: new Set<string>(), deleted: new Set<string>(), runs: new Set<string>() };
/** Where production may point: what was confirmed last, and what was asked for since. */
let production: Set<string>;

beforeAll(async () => {
  ({ path: data, models } = await seededFolder({ models: 3 }));
  production = new Set([models[0]!]);
});
afterAll(async () => {
  await service?.stop();
  rmSync(data, { recursive: true, force: true });
});

const request = (route: string, asking: Asking = {}): Promise<Answer> => ask(service!.url + route, asking);
const json = async <T>(route: string): Promise<T> => {
  const { status, text } = await request(route);
  expect([status, text]).toEqual([200, text]);
  return JSON.parse(text) as T;
};
const idIn = ({ text }: Answer) => (JSON.parse(text) as { id: string }).id;

it(`${KILLS} kills under load leave nothing half-made`, async () => {
  const counts = { predictions: 0, orphans: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    service = await startServiceProcess({ data });
    await expectSoundness();
    let isOver = false;
    const work = [predict, predict, upload, upload, remove, move, train].map(async (act) => {
      while (!isOver) {
        const { status, text } = await act();
        // What no answer came to was under way at the end. A run that is asked for while its data set is deleted is refused.
        if (![0, 200, 201, 202, 204, 404].includes(status)) throw new Error(`${act.name}: ${status} ${text}`);
        if (act === predict && status === 200) counts.predictions++;
        if (status === 0) await sleep(20);
      }
    });
    await Promise.race([Promise.all(work), sleep(300 + ((kill * 977) % 3000))]);
    await service.kill();
    isOver = true;
    await Promise.all(work);
  }
  service = await startServiceProcess({ data });
  await expectSoundness();
  counts.orphans = orphansIn(data).length;
  console.log(
    `${JSON.stringify(counts)}, ${confirmed.uploaded.size} uploads, ${confirmed.deleted.size} deletions, ${confirmed.runs.size} runs`,
  );
  expect(Math.min(counts.predictions, confirmed.uploaded.size, confirmed.deleted.size)).toBeGreaterThan(
    KILLS,
  );
});

const rows = formBytes(practiceRows(UPLOAD_ROWS, 5));
const asJson = (body: unknown): Asking => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

function predict(): Promise<Answer> {
  return request('/predict', { method: 'POST', ...asJson({ sentence: 'The cat sat.' }) });
}

async function upload(): Promise<Answer> {
  const answer = await request('/datasets', { method: 'POST', ...rows });
  if (answer.status === 201) confirmed.uploaded.add(idIn(answer));
  return answer;
}

/** Of two that were uploaded one is deleted; which, nobody trains on. */
async function remove(): Promise<Answer> {
  const [id] = [...confirmed.uploaded].filter((one) => !touched.has(one));
  if (id === undefined || confirmed.uploaded.size % 2 === 0) return predict();
  touched.add(id);
  const answer = await request(`/datasets/${id}`, { method: 'DELETE' });
  if (answer.status === 204) confirmed.deleted.add(id);
  return answer;
}

/** Data sets whose deletion was asked for: they may be there or not, unless it was confirmed. */
const touched = new Set<string>();

async function move(): Promise<Answer> {
  const modelId = models[Math.floor(Math.random() * models.length)]!;
  production.add(modelId);
  const answer = await request('/aliases/production', { method: 'PUT', ...asJson({ modelId }) });
  if (answer.status === 200) production = new Set([modelId]);
  await sleep(50);
  return answer;
}

async function train(): Promise<Answer> {
  // It goes on after each kill, and may get nowhere before the next.
  const fields = { baseModel: 'tiny-bert', epochs: '1', promote: 'never', maxRestarts: '100' };
  const form = formBytes(practiceRows(600, 6), fields);
  const answer = await request('/train', { method: 'POST', ...form });
  if (answer.status === 202) confirmed.runs.add(idIn(answer));
  await sleep(1000);
  return answer;
}

async function expectSoundness(): Promise<void> {
  const ids = expectSoundDatabase(data);
  const [datasets, versions, runs] = ['datasets', 'models', 'runs'].map((table) => new Set(ids(table)));

  for (const id of confirmed.uploaded) if (!touched.has(id)) expect(datasets).toContain(id);
  for (const id of confirmed.deleted) expect(datasets).not.toContain(id);
  for (const id of confirmed.runs) expect(runs).toContain(id);
  for (const id of models) expect(versions).toContain(id);
  // Both ways: what the database knows lies there, whole, and nothing else does.
  expect(namesIn(data, 'datasets')).toEqual([...datasets!].sort());
  expect([...versions!].sort()).toEqual(expect.arrayContaining([...models].sort()));
  for (const id of datasets!) {
    const { rows: number } = await json<{ rows: number }>(`/datasets/${id}`);
    const last = await json<{ items: unknown[] }>(`/datasets/${id}/rows?limit=1`);
    expect([UPLOAD_ROWS, 600]).toContain(number);
    expect(last.items).toHaveLength(1);
  }
  for (const orphan of orphansIn(data)) {
    const [, id] = /-((?:ds|mdl)_.+)$/.exec(orphan)!;
    expect(confirmed.uploaded.has(id!) && !touched.has(id!), orphan).toBe(false);
  }
  const { items } = await json<{ items: { name: string; modelId: string }[] }>('/aliases');
  expect([...production]).toContain(items.find(({ name }) => name === 'production')!.modelId);
  for (const id of confirmed.runs) {
    const { status, modelId, error } = await json<RunDto>(`/train/${id}`);
    // It goes on by itself.
    expect(['queued', 'preparing', 'running', 'succeeded'], JSON.stringify(error)).toContain(status);
    expect(modelId !== null, status).toBe(status === 'succeeded');
  }
  expect((await predict()).status).toBe(200);
}
