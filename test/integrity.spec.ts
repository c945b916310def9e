import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationDto, PredictionDto } from '../packages/client/src/index.js';
import { createBackup } from '../src/backups/backup.js';
import { Database } from '../src/storage/sqlite.js';
import { problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { goldens, registerTinyModel } from './support/tiny-model.js';

const tinyBert = fileURLToPath(new URL('./goldens/tiny-bert', import.meta.url));
const rows = Array.from({ length: 60 }, (_, i) => {
  const at = i % goldens.sentences.length;
  return `${goldens.forward.labels[at]}\t${goldens.sentences[at]!.sentence} ${i}\n`;
}).join('');

const baseModels = mkdtempSync(path.join(tmpdir(), 'wellformed-base-models-'));
cpSync(tinyBert, path.join(baseModels, 'tiny'), { recursive: true });

let service: Service;
let dataset: string;

beforeAll(async () => {
  service = await startService(undefined, {
    WELLFORMED_LOADED_MODELS: '1',
    WELLFORMED_BASE_MODELS: baseModels,
  });
  dataset = await upload();
});

afterAll(async () => {
  await service.stop();
  await rm(baseModels, { recursive: true });
  removeFolders();
});

async function upload(): Promise<string> {
  return (await service.client.upload(`label\tsentence\n${rows}`)).id;
}

/** Changes one bit of a file in place, as a bad disk does, and gives back what undoes it. */
function flip(file: string, bit: number): () => void {
  const { atime, mtime } = statSync(file);
  const whole = readFileSync(file);
  const changed = Buffer.from(whole);
  changed[bit >> 3]! ^= 1 << (bit & 7);
  const write = (bytes: Buffer) => {
    writeFileSync(file, bytes, { flag: 'r+' });
    utimesSync(file, atime, mtime);
  };
  write(changed);
  return () => write(whole);
}

/** Bits of a file, evenly spread, of all places within a byte. */
function someBits(file: string, count: number): number[] {
  const bits = statSync(file).size * 8;
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.37) * bits) / count));
}

async function evaluated(model: string, datasetId = dataset): Promise<EvaluationDto> {
  return service.client.untilEvaluated(await service.client.evaluate(model, { datasetId }));
}

describe('a bit of a model’s files that flips', () => {
  it('is a 503 at every door, or changes no answer', async () => {
    const { id, files } = await registerTinyModel(service.app, { auto: 'int8', promote: 'never' });
    const other = await registerTinyModel(service.app, { promote: 'never' });
    const folder = path.join(service.folder, 'models', id);
    const body = { sentence: 'A cat sat.', model: id };
    const judged = await service.client.judge(body.sentence, { model: id });
    const result = async () => {
      const { status, result: figures, error } = await evaluated(id);
      return { status, error, figures: { ...figures, seconds: 0 } };
    };
    const right = await result();
    expect(right.status).toBe('succeeded');
    const refused = { judged: 0, evaluated: 0, downloaded: 0 };
    for (const name of readdirSync(folder)) {
      for (const bit of someBits(path.join(folder, name), 1)) {
        const undo = flip(path.join(folder, name), bit);
        // Another model takes its place in memory.
        await service.client.judge(body.sentence, { model: other.id });
        const answer = await service.client.request('POST', '/predict', body);
        if (answer.status === 503) {
          expect((await problemOf(answer, 503)).detail).toContain(`DELETE /models/${id}`);
          refused.judged++;
        } else {
          expect((await answer.json()) as PredictionDto).toMatchObject({ score: judged.score });
        }

        const evaluation = await result();
        if (evaluation.status === 'failed') {
          expect(evaluation.error!.detail).toContain('is damaged');
          refused.evaluated++;
        } else {
          expect(evaluation).toEqual(right);
        }

        const download = await service.client.request('GET', `/models/${id}/files/${name}`);
        if (name === 'manifest.json') {
          await problemOf(download, 404);
        } else {
          expect((await problemOf(download, 503)).detail).toMatch(/is damaged: .*Restore that folder/);
          refused.downloaded++;
        }
        await expect(createBackup(service.folder, path.join(service.folder, 'backups', 'x'))).rejects.toThrow(
          'is damaged',
        );
        undo();
      }
    }
    expect(refused.downloaded).toBe(files.length);
    expect(refused.judged).toBeGreaterThan(5);
    expect(refused.evaluated).toBeGreaterThan(5);

    const undo = flip(path.join(folder, 'model.safetensors'), 100_000);
    await service.client.problem(503, 'GET', `/models/${id}/files/model.safetensors`);
    const damaged = 'wellformed_damaged_folders{kind="models"}';
    expect(await service.client.metric(damaged)).toBe(1);
    undo();
    expect(await service.client.metric(damaged)).toBe(0);
    expect(await service.client.judge(body.sentence, { model: id })).toMatchObject({ score: judged.score });
  }, 240_000);
});

describe('a bit of a data set’s files that flips', () => {
  it('is a 503 at every door, and no sentence comes out', async () => {
    const id = await upload();
    const { id: model } = await registerTinyModel(service.app, { promote: 'never' });
    const folder = path.join(service.folder, 'datasets', id);
    const doors: [string, () => Promise<Response>][] = [
      ['rows', () => service.client.request('GET', `/datasets/${id}/rows`)],
      [
        'training',
        () => service.client.request('POST', '/train', { datasetId: id, baseModel: 'tiny', epochs: 1 }),
      ],
    ];
    for (const name of readdirSync(folder)) {
      for (const bit of someBits(path.join(folder, name), 5)) {
        const undo = flip(path.join(folder, name), bit);
        for (const [door, ask] of doors) {
          const { detail } = await problemOf(await ask(), 503);
          expect(detail, door).toMatch(/is damaged: .*DELETE \/datasets/);
        }
        const { status, error } = await evaluated(model, id);
        expect([status, error?.detail]).toEqual(['failed', expect.stringContaining('is damaged')]);
        undo();
      }
    }
    expect((await evaluated(model, id)).status).toBe('succeeded');
    await service.client.api.datasets.rows({ path: { id } });
  }, 120_000);
});

describe('what is deleted while it is read', () => {
  it('is given or not found, nothing else', async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 15; i++) {
      const [id, { id: model }] = await Promise.all([
        upload(),
        registerTinyModel(service.app, { promote: 'never' }),
      ]);
      const readers = [`/datasets/${id}/rows`, `/models/${model}/files/model.safetensors`];
      const reading = readers.flatMap((url) =>
        Array.from({ length: 8 }, async (_, wait) => {
          await new Promise((resolve) => setTimeout(resolve, wait));
          const answer = await service.client.request('GET', url);
          await answer.arrayBuffer();
          statuses.add(answer.status);
        }),
      );
      await service.client.api.datasets.delete({ path: { id } });
      await service.client.api.models.delete({ path: { id: model } });
      await Promise.all(reading);
      for (const url of readers) await service.client.problem(404, 'GET', url);
    }
    expect([...statuses].filter((status) => status !== 200 && status !== 404)).toEqual([]);
  });

  it('is damaged, not deleted, where only its files are gone', async () => {
    const id = await upload();
    await rm(path.join(service.folder, 'datasets', id), { recursive: true });
    const { detail } = await service.client.problem(503, 'GET', `/datasets/${id}/rows`);
    expect(detail).toContain('manifest.json is missing');
    await service.client.api.datasets.delete({ path: { id } });
  });
});

describe('a row of the database that cannot be read', () => {
  it.each([
    ['datasets', 'statistics', '{"format":'],
    ['datasets', 'created_at', 'yesterday'],
    ['datasets', 'bytes', 'many'],
    ['runs', 'status', 'runing'],
    ['runs', 'hyperparameters', '{"epochs" 3}'],
    ['models', 'best', '[1,'],
  ])('(%s.%s) hides no other, and is told as such', async (table, column, value) => {
    const url = `/${table === 'runs' ? 'train' : table}`;
    const make = async (): Promise<string> => {
      if (table === 'datasets') return upload();
      if (table === 'models') return (await registerTinyModel(service.app, { promote: 'never' })).id;
      const { id } = await service.client.start({ datasetId: dataset, baseModel: 'tiny', epochs: 1 });
      await service.client.cancel(id);
      return id;
    };
    const ids = [await make(), await make(), await make()];
    const database = new Database(path.join(service.folder, 'wellformed.sqlite'));
    const before = database.prepare(`SELECT "${column}" AS value FROM "${table}" WHERE id = ?`).get(ids[1]);
    const set = database.prepare(`UPDATE "${table}" SET "${column}" = ? WHERE id = ?`);
    set.run(value, ids[1]);
    const listed = async (query: string) => {
      const page = JSON.parse(await service.client.text(`${url}?${query}`)) as {
        items: { id: string }[];
        nextCursor: string | null;
      };
      return { ids: page.items.map(({ id }) => id), nextCursor: page.nextCursor };
    };
    expect((await listed('limit=3')).ids).toEqual([ids[2], ids[0]]);
    // The page that ends with it says where the next one begins.
    const { ids: first, nextCursor } = await listed('limit=2');
    expect(first).toEqual([ids[2]]);
    expect((await listed(`limit=1&cursor=${nextCursor}`)).ids).toEqual([ids[0]]);
    const { detail } = await service.client.problem(503, 'GET', `${url}/${ids[1]}`);
    expect(detail).toMatch(/The database is damaged: .*Restore a backup/);
    set.run((before as { value: unknown }).value, ids[1]);
    database.close();
    await service.client.text(`${url}/${ids[1]}`);
  });
});
