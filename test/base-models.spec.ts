import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeFolders, startService, type Service } from './support/service.js';

const tinyBert = fileURLToPath(new URL('goldens/tiny-bert', import.meta.url));

let service: Service;
let folder: string;

beforeAll(async () => {
  service = await startService();
  folder = path.join(service.folder, 'base-models');
});

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});

afterAll(async () => {
  await service.stop();
  removeFolders();
});

function put(at: string, source?: { name: string; kind: string }): string {
  const target = path.join(folder, at);
  cpSync(tinyBert, target, { recursive: true });
  if (source) {
    const manifest = {
      name: source.name,
      source: { kind: source.kind },
      fetchedAt: '2026-01-01T00:00:00Z',
      files: [],
    };
    writeFileSync(path.join(target, 'manifest.json'), JSON.stringify(manifest));
  }
  return target;
}

const list = async () => (await service.client.api.baseModels.list()).items;
const refusal = (status: number, name: string) =>
  service.client.problem(status, 'DELETE', `/base-models/${name}`);

describe('base models', () => {
  it('are listed: the catalogue, and all that is on disk', async () => {
    put('by-hand');
    put('owner--fetched', { name: 'owner/fetched', kind: 'hub' });
    put('somebody/nested');
    const models = await list();
    expect(models[0]).toMatchObject({
      name: 'bert-base-uncased',
      licence: 'Apache-2.0',
      stored: false,
      source: null,
      bytes: null,
      architecture: { modelType: 'bert', numHiddenLayers: 12 },
    });
    const stored = models.filter((model) => model.stored);
    expect(stored).toEqual([
      expect.objectContaining({ name: 'by-hand', source: 'folder', licence: null }),
      expect.objectContaining({ name: 'owner/fetched', source: 'hub' }),
      expect.objectContaining({ name: 'somebody/nested', source: 'folder' }),
    ]);
    for (const { bytes, architecture } of stored) {
      expect(bytes).toBeGreaterThan(10_000);
      expect(architecture).toMatchObject({ modelType: 'bert' });
    }
    const space = (name: string) => service.client.metric(`wellformed_stored_${name}{kind="base-models"}`);
    expect(await space('folders')).toBe(3);
    expect(await space('bytes')).toBe(stored.reduce((sum, { bytes }) => sum + bytes!, 0));
  });

  it('that were fetched can be removed, a slash in the name written as %2F', async () => {
    const target = put('owner--gone', { name: 'owner/gone', kind: 'hub' });
    expect((await service.client.request('DELETE', '/base-models/owner%2Fgone')).status).toBe(204);
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(path.join(folder, '.staging'))).toEqual([]);
    expect((await list()).map(({ name }) => name)).not.toContain('owner/gone');
    expect(await refusal(404, 'owner%2Fgone')).toMatchObject({
      detail: expect.stringContaining('GET /base-models'),
    });
  });

  it('that somebody put there stay, as do links and what lies outside', async () => {
    const target = put('mine');
    expect((await refusal(409, 'mine')).detail).toContain('by hand');
    const fetched = put('linked-to', { name: 'linked-to', kind: 'pip' });
    symlinkSync(fetched, path.join(folder, 'link'));
    expect((await refusal(409, 'link')).detail).toContain('is a link');
    for (const name of ['..%2Fmodels', '..%2F..', '.staging', 'x%00', 'mine%2F..']) await refusal(404, name);
    expect(existsSync(target) && existsSync(fetched)).toBe(true);
  });

  it('that a run waits for stay', async () => {
    put('in-use', { name: 'in-use', kind: 'hub' });
    const file = 'a\t1\t\tThe cat sat.\na\t0\t*\tCat the sat.\n'.repeat(40);
    const run = await service.client.start({ file, baseModel: 'in-use' });
    const usedBy = async () => (await list()).find(({ name }) => name === 'in-use')?.usedBy;
    const { detail } = await refusal(409, 'in-use');
    expect(detail).toBe(
      `Run ${run.id} uses in-use. Wait until it has ended, or cancel it (POST /train/${run.id}/cancel).`,
    );
    expect(await usedBy()).toBe(run.id);
    expect((await list()).filter((model) => model.usedBy !== null)).toHaveLength(1);
    await service.client.cancel(run.id);
    await expect.poll(usedBy, { timeout: 30_000 }).toBe(null);
    expect((await service.client.request('DELETE', '/base-models/in-use')).status).toBe(204);
  });
});
