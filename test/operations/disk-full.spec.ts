import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunDto } from '../../packages/client/src/index.js';
import { Database } from '../../src/storage/sqlite.js';
import { formOf, problemOf } from '../support/http.js';
import { practiceRows } from '../support/practice-rows.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { namesIn } from './support/sound-folder.js';
import { openSmallDisk, whyNoSmallDisk, type SmallDisk } from './support/small-disk.js';

/* The service with its data folder on a disk of 160 MiB, which is filled to the last byte at the worst of times. */

const why = whyNoSmallDisk();
if (why) console.warn(`The tests of a full disk are skipped: ${why}`);

describe.skipIf(why !== undefined)('a full disk', { timeout: 240_000 }, () => {
  const baseModels = mkdtempSync(path.join(tmpdir(), 'wellformed-base-models-'));
  let disk: SmallDisk;
  let service: RunningService;
  let production: string;

  const start = async () => {
    service = await startServiceProcess({
      data: path.join(disk.folder, 'data'),
      under: disk.under,
      settings: { WELLFORMED_ENGINE: 'wasm', WELLFORMED_BASE_MODELS: baseModels },
    });
  };
  beforeAll(async () => {
    const tinyBert = fileURLToPath(new URL('../goldens/tiny-bert/', import.meta.url));
    cpSync(tinyBert, path.join(baseModels, 'tiny-bert'), { recursive: true });
    disk = await openSmallDisk(160 * 2 ** 20);
    await start();
    const { modelId, error } = await ended((await json<RunDto>(await train(1))).id);
    expect(error).toBeNull();
    production = modelId!;
  });
  afterEach(() => disk.free());
  afterAll(async () => {
    await service?.stop();
    await disk?.close();
    rmSync(baseModels, { recursive: true });
  });

  const ask = (method: string, url: string, body?: unknown) =>
    fetch(service.url + url, {
      method,
      ...(body instanceof FormData && { body }),
      ...(body !== undefined &&
        !(body instanceof FormData) && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
    });
  const json = async <T>(response: Response): Promise<T> => {
    const text = await response.text();
    expect(response.ok, text).toBe(true);
    return JSON.parse(text) as T;
  };
  const upload = (rows = 10) => ask('POST', '/datasets', formOf(practiceRows(rows, 1)));
  const train = (seed: number) => {
    const fields = { baseModel: 'tiny-bert', epochs: '2', batchSize: '16', promote: 'always' };
    return ask('POST', '/train', formOf(practiceRows(160, seed), fields));
  };
  const ended = (id: string) => service.client.untilEnded(id);
  const predicts = async () => {
    const { predictions } = await json<{ predictions: unknown[] }>(
      await ask('POST', '/predict', { sentences: ['We go.'] }),
    );
    expect(predictions).toHaveLength(1);
  };
  const inData = (...names: string[]) => path.join(disk.seenFromHere, 'data', ...names);
  const listed = async (what: string) => {
    const { items } = await json<{ items: { id: string }[] }>(await ask('GET', `/${what}?limit=100`));
    return items.map(({ id }) => id).sort();
  };
  /** The database and the folders tell the same, and nothing half-made lies about. */
  const isWhole = async () => {
    // A moment after a run has ended.
    await expect.poll(() => namesIn(inData(), 'staging')).toEqual([]);
    await expect.poll(() => namesIn(inData(), 'checkpoints')).toEqual([]);
    expect(readdirSync(inData('datasets')).sort()).toEqual(await listed('datasets'));
    expect(readdirSync(inData('models')).sort()).toEqual(await listed('models'));
    expect(existsSync(inData('orphans'))).toBe(false);
  };

  it('is told to who would store something, and stops nobody who would not', async () => {
    const { id } = await json<DatasetDto>(await upload());
    disk.fill();
    for (const refused of [
      upload(),
      upload(100_000),
      train(2),
      ask('PUT', '/aliases/candidate', { modelId: production }),
      ask('PATCH', `/models/${production}`, { name: 'Another' }),
      ask('POST', `/models/${production}/evaluations`, { datasetId: id }),
    ]) {
      const problem = await problemOf(await refused, 507);
      expect(problem.type).toBe('urn:problem-type:wellformed:insufficient-storage');
      expect(problem.detail).toContain('Delete data sets, runs or models');
    }
    await predicts();
    expect((await json<DatasetDto>(await ask('GET', `/datasets/${id}`))).rows).toBe(10);
    expect((await ask('GET', '/health/ready')).status).toBe(200);
    await isWhole();

    disk.free();
    expect((await upload(100_000)).status).toBe(201);
    expect((await ask('PUT', '/aliases/candidate', { modelId: production })).status).toBe(200);
    await isWhole();
  });

  it('can be made room on through the API', async () => {
    const before = await listed('datasets');
    const { id } = await json<DatasetDto>(await upload());
    await expect.poll(() => existsSync(inData('reserve')), { timeout: 30_000 }).toBe(true);
    disk.fill();
    expect((await ask('DELETE', `/datasets/${id}`)).status).toBe(204);
    expect(await listed('datasets')).toEqual(before);
    await isWhole();
    // What was spent for it is kept again as soon as there is room.
    expect(existsSync(inData('reserve'))).toBe(false);
    disk.free();
    await expect.poll(() => existsSync(inData('reserve')), { timeout: 30_000 }).toBe(true);
  });

  it('pauses a training, which goes on where there is room again, or ends it clearly', async () => {
    const endings = new Set<string>();
    for (const room of [16, 48, 128, 256, 384, 512, 640, 768, 1024, 1280, 1536, 2048]) {
      disk.fillBut(room * 1024);
      const response = await train(room);
      if (response.status === 507) {
        endings.add('refused');
      } else {
        const { id } = await json<RunDto>(response);
        const stopped = service.client.until(id, (run) => run.finishedAt !== null || run.status === 'paused');
        // Where even the end of the run finds no room, it is stored when there is some again.
        await Promise.race([stopped, sleep(8000).then(() => disk.free())]);
        const { status, statusReason, error } = await stopped;
        endings.add(status);
        if (status === 'failed') expect(error?.code).toBe('disk-full');
        if (status === 'paused') {
          expect(statusReason).toMatch(/^The disk .*Free some space in the data folder/);
          disk.free();
          await service.client.json(202, 'POST', `/train/${id}/resume`);
          expect(await ended(id)).toMatchObject({ status: 'succeeded', error: null });
        }
      }
      disk.free();
      await isWhole();
      await predicts();
    }
    expect([...endings]).toEqual(expect.arrayContaining(['paused', 'refused']));
  });

  it('does not keep the service from starting', async () => {
    await expect.poll(() => existsSync(inData('reserve')), { timeout: 30_000 }).toBe(true);
    disk.fill();
    await service.kill();
    await start();
    await predicts();
    // The start was given room, which is taken here.
    disk.fill();
    expect((await upload()).status).toBe(507);
    disk.free();
    expect((await upload()).status).toBe(201);
    await isWhole();
  });

  it('leaves the database intact', async () => {
    disk.fill();
    expect((await train(3)).status).toBe(507);
    disk.free();
    const runs = await listed('train');
    await service.stop();
    const copy = path.join(baseModels, 'wellformed.sqlite');
    cpSync(inData('wellformed.sqlite'), copy);
    const database = new Database(copy);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    expect(database.prepare('SELECT id FROM runs ORDER BY id').pluck().all()).toEqual(runs);
    database.close();
    await start();
  });
});
