import { copyFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { PredictionDto, ServedAliasDto } from '../packages/client/src/index.js';
import { ModelsService } from '../src/models/models.service.js';
import { LoadedModels } from '../src/predictions/serving/loaded-models.js';
import { problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { goldens, registerTinyModel, registration, stageTinyModel } from './support/tiny-model.js';

const { sentence } = goldens.sentences[0]!;
const score = goldens.forward.probabilities[0]![1];

let service: Service;

afterEach(() => service.stop());
afterAll(removeFolders);

/** The service with models in its registry, the first of them in production and loaded. */
async function start(models: number, environment: Record<string, string> = {}): Promise<string[]> {
  service = await startService(undefined, environment);
  const ids = [(await registerTinyModel(service.app)).id];
  while (ids.length < models) ids.push((await registerTinyModel(service.app, { promote: 'never' })).id);
  await settled();
  return ids;
}

const put = (name: string, modelId: string) =>
  service.client.api.aliases.put({ path: { name }, body: { modelId } });
const promote = (modelId: string) => put('production', modelId);
const inMemory = () => service.client.api.servedModels.list();
const health = () => service.client.api.health.ready();

async function alias(name = 'production'): Promise<ServedAliasDto | undefined> {
  return (await inMemory()).aliases.find((candidate) => candidate.name === name);
}

/** What an alias has come to once it loads nothing. */
async function settled(name = 'production'): Promise<ServedAliasDto> {
  for (;;) {
    const found = await alias(name);
    if (found && found.state !== 'loading') return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const ask = (model?: string) => service.client.request('POST', '/predict', { sentence, model });

/** The id of the model that judged, having judged right. */
async function judge(model?: string): Promise<string> {
  const response = await ask(model);
  const answer = (await response.json()) as PredictionDto;
  expect([response.status, answer]).toEqual([200, answer]);
  expect(Math.abs(answer.score - score)).toBeLessThan(1e-4);
  return answer.model.id;
}

async function refusal(status: number, model?: string): Promise<string> {
  return (await problemOf(await ask(model), status)).detail;
}

/** Clients that ask all the time, each waiting for its answer. Gives the ids of the models that answered. */
function clients(count: number, model?: string) {
  let asking = true;
  const seen = new Map<string, number>();
  const client = async () => {
    while (asking) {
      const id = await judge(model);
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
  };
  const done = Promise.all(Array.from({ length: count }, client));
  return async () => {
    asking = false;
    await done;
    return seen;
  };
}

const metric = (name: string) => service.client.metric(name);

const lagging = () => metric('wellformed_alias_lagging{alias="production"}');
const failures = () => metric('wellformed_alias_swap_failures_total{alias="production"}');
const fileOf = (id: string, name: string) => path.join(service.folder, 'models', id, name);

/** Changes a byte and not the size. */
function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 9]! ^= 0x40;
  writeFileSync(file, bytes);
}

describe.each([
  [1, 8],
  [2, 24],
])('an alias that moves, with room for %i', (capacity, swaps) => {
  it('is served without a pause: no request fails under load', async () => {
    const ids = await start(2, { WELLFORMED_LOADED_MODELS: String(capacity) });
    const stop = clients(4);
    let most = 0;
    for (let i = 1; i <= swaps; i++) {
      const id = ids[i % 2]!;
      await promote(id);
      most = Math.max(most, (await inMemory()).items.length);
      expect(await settled()).toMatchObject({ modelId: id, servedBy: id, state: 'settled', reason: null });
      expect(await judge()).toBe(id);
    }
    const seen = await stop();
    expect([...seen.keys()].sort()).toEqual([...ids].sort());
    expect(most).toBeLessThanOrEqual(capacity + 1);
    expect(await lagging()).toBe(0);
    expect(await failures()).toBeUndefined();
  });

  it('goes to the last of several that it is moved to', async () => {
    const ids = await start(4, { WELLFORMED_LOADED_MODELS: String(capacity) });
    const stop = clients(2);
    for (const id of [1, 2, 3, 0, 2, 1, 3].map((i) => ids[i]!)) await promote(id);
    expect(await settled()).toMatchObject({ servedBy: ids[3], state: 'settled' });
    expect(await judge()).toBe(ids[3]);
    await stop();

    // Away and back at once.
    await promote(ids[0]!);
    await promote(ids[3]!);
    expect(await settled()).toMatchObject({ servedBy: ids[3], state: 'settled' });
    expect(await judge()).toBe(ids[3]);
  });

  it('lets requests in flight finish on the version they came to', async () => {
    const [first, second] = await start(2, { WELLFORMED_LOADED_MODELS: String(capacity) });
    const lease = await service.app.get(LoadedModels).take(first!, 'fp32');
    await promote(second!);
    await settled();
    expect(await judge()).toBe(second);
    const states = (await inMemory()).items.map(({ id, state, aliases }) => [id, state, aliases]);
    expect(states).toEqual([
      [second, 'ready', ['production']],
      [first, capacity === 1 ? 'leaving' : 'ready', []],
    ]);
    const { judgements } = await lease.value.score([sentence]);
    lease.release();
    expect(Math.abs(judgements[0]!.score - score)).toBeLessThan(1e-4);
  });
});

describe('a version that cannot take over', () => {
  it.each([
    [
      'has other weights than were stored',
      'model.safetensors is not what was stored',
      (id: string) => flip(fileOf(id, 'model.safetensors')),
    ],
    [
      'has another graph than was stored',
      'model.onnx is not what was stored',
      (id: string) => flip(fileOf(id, 'model.onnx')),
    ],
    ['is cut short', 'model.onnx has 100 bytes', (id: string) => truncateSync(fileOf(id, 'model.onnx'), 100)],
  ])('because it %s leaves the old one serving, and says why', async (_what, reason, damage) => {
    const [old, bad, good] = (await start(3)) as [string, string, string];
    for (const name of ['model.onnx', 'model.safetensors'])
      copyFileSync(fileOf(bad, name), fileOf(bad, `${name}.kept`));
    damage(bad);
    const stop = clients(2);
    await promote(bad);
    expect(await settled()).toMatchObject({
      modelId: bad,
      servedBy: old,
      state: 'failed',
      since: expect.any(String) as string,
      reason: expect.stringContaining(reason) as string,
    });
    const { items } = await inMemory();
    expect(items.map(({ id, state }) => [id, state])).toEqual([
      [old, 'ready'],
      [bad, 'failed'],
    ]);
    expect(items[0]).toMatchObject({ name: 'Tiny', precision: 'fp32', aliases: ['production'], error: null });
    expect(items[1]).toMatchObject({
      aliases: [],
      loadedAt: null,
      error: expect.stringContaining(reason) as string,
    });
    expect(await health()).toMatchObject({
      status: 'degraded',
      checks: { database: 'up', storage: 'up' },
      degraded: [expect.stringMatching(`^${bad}, .*could not be loaded: ${old} serves`) as string],
    });
    expect([await lagging(), await failures()]).toEqual([1, 1]);
    expect(await refusal(503, bad)).toContain(reason);
    expect(await judge()).toBe(old);

    // Moved to again, it is tried again.
    await promote(bad);
    expect((await settled()).state).toBe('failed');
    expect(await failures()).toBe(2);
    for (const name of ['model.onnx', 'model.safetensors'])
      renameSync(fileOf(bad, `${name}.kept`), fileOf(bad, name));
    await promote(bad);
    expect(await settled()).toMatchObject({ servedBy: bad, state: 'settled' });
    await promote(good);
    expect(await settled()).toMatchObject({ servedBy: good, state: 'settled' });
    expect([...(await stop()).keys()].sort()).toEqual(expect.arrayContaining([old]) as string[]);
    expect(await judge()).toBe(good);
    expect(await health()).toMatchObject({ status: 'ok', degraded: [] });
    expect([await lagging(), await failures()]).toEqual([0, 2]);
  });

  it('because its weights are no numbers leaves the old one serving', async () => {
    const [old] = await start(1);
    const staged = await stageTinyModel(service.app);
    const file = path.join(staged.path, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes.fill(0xff, 8 + Number(bytes.readBigUInt64LE()));
    writeFileSync(file, bytes);
    const { id } = await service.app.get(ModelsService).register(registration(staged, { promote: 'always' }));
    expect(await settled()).toMatchObject({ modelId: id, servedBy: old, state: 'failed' });
    expect((await alias())!.reason).toContain('computes no number');
    expect(await judge()).toBe(old);
  });

  it('is given up for a better one that comes while it fails', async () => {
    const [old, bad, good] = (await start(3)) as [string, string, string];
    truncateSync(fileOf(bad, 'model.onnx'), 100);
    const stop = clients(2);
    await promote(bad);
    await promote(good);
    expect(await settled()).toMatchObject({ servedBy: good, state: 'settled' });
    expect([...(await stop()).keys()]).not.toContain(bad);
    expect(await judge(old)).toBe(old);
  });

  it('is all that is left once the old one is deleted', async () => {
    const [old, bad, good] = (await start(3)) as [string, string, string];
    flip(fileOf(bad, 'model.safetensors'));
    await promote(bad);
    await settled();
    await service.client.api.models.delete({ path: { id: old } });
    expect(await refusal(503)).toContain('is not what was stored');
    expect(await settled()).toMatchObject({ modelId: bad, servedBy: bad, state: 'failed' });
    expect((await health()).degraded).toEqual([expect.stringContaining('answered 503')]);
    expect(await lagging()).toBe(0);
    await promote(good);
    expect(await settled()).toMatchObject({ servedBy: good, state: 'settled' });
    expect(await judge()).toBe(good);
  });

  it('at the start is told to those who ask, and makes way for a good one', async () => {
    const [bad, good] = (await start(2)) as [string, string];
    flip(fileOf(bad, 'model.safetensors'));
    await service.stop();
    service = await startService(service.folder);
    expect(await settled()).toMatchObject({ modelId: bad, servedBy: bad, state: 'failed' });
    expect(await refusal(503)).toContain('is not what was stored');
    expect(await health()).toMatchObject({ status: 'degraded' });
    await promote(good);
    expect(await judge()).toBe(good);
    expect(await health()).toMatchObject({ status: 'ok' });
  });
});

describe('a deleted version', () => {
  it('may be the one that serves while the next is loaded: no request by the alias fails', async () => {
    const ids = await start(6, { WELLFORMED_LOADED_MODELS: '1' });
    const stop = clients(4);
    for (let i = 1; i < ids.length; i++) {
      await promote(ids[i]!);
      await service.client.api.models.delete({ path: { id: ids[i - 1]! } });
      await refusal(404, ids[i - 1]);
    }
    expect(await settled()).toMatchObject({ servedBy: ids[5], state: 'settled' });
    expect((await stop()).get(ids[5]!)).toBeGreaterThan(0);
    expect((await inMemory()).items.map(({ id }) => id)).toEqual([ids[5]]);
  });

  it('is not loaded again from files that are going, however many wait for it', async () => {
    const [production, id] = (await start(2, { WELLFORMED_LOADED_MODELS: '1' })) as [string, string];
    // By turns, so that each waits for the other to make room.
    const asked = Array.from({ length: 40 }, (_, i) => ask(i % 2 === 0 ? id : production));
    const deleted = service.client.api.models.delete({ path: { id } });
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    await deleted;
    statuses.forEach((status, i) => expect(i % 2 === 0 ? [200, 404] : [200]).toContain(status));
    expect(await refusal(404, id)).toContain(id);
    expect(service.app.get(LoadedModels).failures).toEqual([]);
  });
});

describe('an alias', () => {
  it('that nobody uses is not loaded before somebody does', async () => {
    const [production, second, third] = (await start(3)) as [string, string, string];
    await put('staging', second);
    await put('staging', third);
    expect(await alias('staging')).toMatchObject({ servedBy: third, state: 'settled' });
    expect((await inMemory()).items.map(({ id }) => id)).toEqual([production]);
    expect(await judge('staging')).toBe(third);
    await put('staging', second);
    expect(await settled('staging')).toMatchObject({ servedBy: second, state: 'settled' });
    expect(await judge('staging')).toBe(second);
    await service.client.api.aliases.remove({ path: { name: 'staging' } });
    await refusal(404, 'staging');
  });

  it('means what it has been moved to, and a model is called what it is called now', async () => {
    const [first, second] = (await start(2)) as [string, string];
    await promote(second);
    await settled();
    for (const name of ['One', 'Two']) {
      await service.client.api.models.rename({ path: { id: second }, body: { name } });
      const { model } = (await (await ask()).json()) as PredictionDto;
      expect(model).toMatchObject({ id: second, name, alias: 'production' });
    }
    await put('twin', first);
    expect(await judge('twin')).toBe(first);
    await service.client.api.aliases.remove({ path: { name: 'twin' } });
    await refusal(404, 'twin');
    await put('twin', second);
    expect(await judge('twin')).toBe(second);
  });

  it('is served in the precision that its version is best in', async () => {
    await start(1);
    const { id } = await registerTinyModel(service.app, { auto: 'int8', promote: 'always' });
    expect(await settled()).toMatchObject({ servedBy: id, state: 'settled' });
    const [latest] = (await inMemory()).items;
    expect(latest).toMatchObject({ id, precision: 'int8', state: 'ready', aliases: ['production'] });
    const { model } = (await (await ask()).json()) as PredictionDto;
    expect(model).toMatchObject({ id, precision: 'int8' });
  });
});
