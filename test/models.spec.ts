import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ModelPageDto } from '../packages/client/src/index.js';
import { ModelsService } from '../src/models/models.service.js';
import { BlobStore } from '../src/storage/blob-store.js';
import { problemOf } from './support/http.js';
import { namesIn, removeFolders, startService, type Service } from './support/service.js';
import { registerTinyModel, registration, stageTinyModel } from './support/tiny-model.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.stop();
  removeFolders();
});

const folderOf = (id: string) => path.join(service.folder, 'models', id);
const production = () => service.client.api.aliases.find({ path: { name: 'production' } });

describe('the registry', () => {
  beforeEach(async () => {
    const { items: aliases } = await service.client.api.aliases.list();
    for (const { name } of aliases) await service.client.api.aliases.remove({ path: { name } });
    const { items: models } = await service.client.api.models.list({ query: { limit: 100 } });
    for (const { id } of models) await service.client.api.models.delete({ path: { id } });
  });

  it('has nothing at first', async () => {
    expect(await service.client.api.models.list()).toEqual({ items: [], nextCursor: null });
    expect(await service.client.api.aliases.list()).toEqual({ items: [] });
    const problem = await service.client.problem(404, 'GET', '/models/production');
    expect(problem.detail).toContain('GET /models');
  });

  it('makes the first version production, and tells all of it', async () => {
    const { id } = await registerTinyModel(service.app, { name: 'First', mcc: 0.5 });
    const model = await service.client.model(id);
    expect(model).toMatchObject({
      id,
      name: 'First',
      aliases: ['production'],
      promotion: { promoted: true, reason: 'There was no "production" yet.' },
      baseModel: 'tiny-bert',
      config: { model_type: 'bert', hidden_size: 32 },
      metrics: { bestEpoch: 1, best: { mcc: 0.5 } },
      serving: null,
      hyperparameters: { learningRate: 3e-5 },
    });
    expect(model.files.map((file) => file.name)).toEqual(
      expect.arrayContaining(['README.md', 'config.json', 'model.onnx', 'model.safetensors', 'vocab.txt']),
    );
    expect(model.bytes).toBe(model.files.reduce((sum, file) => sum + file.size, 0));
    expect(await service.client.model('production')).toEqual(model);
  });

  it('promotes a later version by what was asked and measured', async () => {
    const { id: first } = await registerTinyModel(service.app, { mcc: 0.5 });
    const better = await registerTinyModel(service.app, { mcc: 0.6 });
    expect((await production()).modelId).toBe(better.id);
    const equal = await registerTinyModel(service.app, { mcc: 0.6 });
    const elsewhere = await registerTinyModel(service.app, { mcc: 0.9, validatedOn: 'c'.repeat(64) });
    const never = await registerTinyModel(service.app, { mcc: 0.9, promote: 'never' });
    expect((await production()).modelId).toBe(better.id);
    expect(equal.promotion).toMatchObject({ promoted: false, reason: expect.stringContaining('not higher') });
    expect(elsewhere.promotion.reason).toContain(`other rows than ${better.id}`);
    expect(never.promotion.reason).toContain('promote "never"');
    const always = await registerTinyModel(service.app, { mcc: 0.1, promote: 'always' });

    const { modelId, history } = await production();
    expect(modelId).toBe(always.id);
    // What was before the alias was last made is kept too.
    expect(history.slice(0, 3).map((change) => [change.previousModelId, change.modelId])).toEqual([
      [better.id, always.id],
      [first, better.id],
      [null, first],
    ]);
    expect(history[1]!.reason).toContain('0.6000 against 0.5000');
  });

  it('lists the newest first, page by page', async () => {
    for (let count = 0; count < 6; count++) await registerTinyModel(service.app);
    const { items } = await service.client.api.models.list({ query: { limit: 100 } });
    expect(items).toHaveLength(6);
    const seen: string[] = [];
    for (let query = '?limit=4'; ;) {
      const page = JSON.parse(await service.client.text(`/models${query}`)) as ModelPageDto;
      seen.push(...page.items.map((model) => model.id));
      if (page.nextCursor === null) break;
      query = `?limit=4&cursor=${page.nextCursor}`;
    }
    expect(seen).toEqual(items.map((model) => model.id));
    expect(seen).toEqual([...seen].sort().reverse());
    for (const query of ['?limit=0', '?limit=101', '?cursor=x', '?page=2']) {
      await service.client.problem(422, 'GET', `/models${query}`);
    }
  });

  it('renames', async () => {
    await registerTinyModel(service.app);
    const renamed = await service.client.api.models.rename({
      path: { id: 'production' },
      body: {
        name: '  Final exam ',
      },
    });
    expect(renamed.name).toBe('Final exam');
    const emoji = '😀'.repeat(200);
    const long = await service.client.api.models.rename({
      path: { id: 'production' },
      body: { name: emoji },
    });
    expect(long.name).toBe(emoji);
    await service.client.api.models.rename({ path: { id: 'production' }, body: { name: 'Final exam' } });
    expect((await service.client.model(renamed.id)).name).toBe('Final exam');
    for (const body of [
      { name: ' ' },
      { name: 7 },
      { name: 'x'.repeat(201) },
      { name: 'a\nb' },
      { name: 'a\u202eb' },
      { name: '\u200b' },
      {},
      { name: 'x', mcc: 1 },
    ]) {
      const problem = await service.client.problem(422, 'PATCH', `/models/${renamed.id}`, body);
      expect(problem.errors).not.toEqual([]);
    }
    await service.client.problem(404, 'PATCH', '/models/mdl_01JD0000000000000000000000', { name: 'x' });
  });

  it('deletes what no alias points to, and its files', async () => {
    const { id: modelId } = await registerTinyModel(service.app);
    const refused = await service.client.problem(409, 'DELETE', `/models/${modelId}`);
    expect(refused.detail).toContain('alias "production"');
    expect(existsSync(path.join(folderOf(modelId), 'model.safetensors'))).toBe(true);

    const { id } = await registerTinyModel(service.app, { promote: 'never' });
    await service.client.api.models.delete({ path: { id } });
    expect(existsSync(folderOf(id))).toBe(false);
    for (const method of ['GET', 'DELETE']) await service.client.problem(404, method, `/models/${id}`);
  });
});

describe('files', () => {
  beforeAll(() => registerTinyModel(service.app, { promote: 'always' }));

  const types: Record<string, string> = {
    'README.md': 'text/markdown; charset=utf-8',
    'config.json': 'application/json; charset=utf-8',
    'vocab.txt': 'text/plain; charset=utf-8',
    'model.safetensors': 'application/octet-stream',
    'model.onnx': 'application/octet-stream',
  };

  it('are given as the manifest says', async () => {
    const { files } = await service.client.model('production');
    for (const { name, size, sha256 } of files) {
      const response = await service.client.request('GET', `/models/production/files/${name}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.status).toBe(200);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      expect(response.headers.get('content-length')).toBe(String(size));
      expect(response.headers.get('etag')).toBe(`"${sha256}"`);
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
      if (types[name]) expect(response.headers.get('content-type')).toBe(types[name]);
    }
  });

  it('are not sent again to whoever has them', async () => {
    const url = '/models/production/files/model.safetensors';
    const first = await service.client.request('GET', url);
    // An unread body keeps its connection open, which the service would wait for at its end.
    await first.arrayBuffer();
    const etag = first.headers.get('etag')!;
    for (const known of [etag, `"x", W/${etag}`, '*']) {
      const again = await service.client.request('GET', url, undefined, { 'if-none-match': known });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe('');
    }
    const other = await service.client.request('GET', url, undefined, { 'if-none-match': '"x"' });
    expect(other.status).toBe(200);
    await other.arrayBuffer();
  });

  describe('in parts', () => {
    const url = '/models/production/files/model.safetensors';
    let whole: Buffer;
    let etag: string;
    beforeAll(async () => {
      const response = await service.client.request('GET', url);
      expect(response.headers.get('accept-ranges')).toBe('bytes');
      whole = Buffer.from(await response.arrayBuffer());
      etag = response.headers.get('etag')!;
    });

    it.each([
      ['bytes=0-99', 0, 100],
      ['bytes=1000-', 1000, undefined],
      ['bytes=-7', -7, undefined],
    ])('are %s', async (range, start, end) => {
      for (const ifRange of [undefined, etag]) {
        const headers = { range, ...(ifRange && { 'if-range': ifRange }) };
        const response = await service.client.request('GET', url, undefined, headers);
        const part = whole.subarray(start, end);
        const first = start < 0 ? whole.length + start : start;
        expect(response.status).toBe(206);
        expect(Buffer.from(await response.arrayBuffer()).equals(part)).toBe(true);
        expect(response.headers.get('content-range')).toBe(
          `bytes ${first}-${first + part.length - 1}/${whole.length}`,
        );
        expect(response.headers.get('content-length')).toBe(String(part.length));
        expect(response.headers.get('etag')).toBe(etag);
      }
    });

    it.each<Record<string, string>>([
      { range: 'bytes=0-9', 'if-range': '"another"' },
      { range: 'bytes=0-9,20-29' },
      { range: 'lines=1-2' },
    ])('are all of it for %j', async (headers) => {
      const response = await service.client.request('GET', url, undefined, headers);
      expect(response.status).toBe(200);
      expect(Buffer.from(await response.arrayBuffer()).equals(whole)).toBe(true);
      expect(response.headers.get('content-range')).toBeNull();
    });

    it('that are not there are refused', async () => {
      const response = await service.client.request('GET', url, undefined, {
        range: `bytes=${whole.length}-`,
      });
      expect(response.headers.get('content-range')).toBe(`bytes */${whole.length}`);
      expect(response.headers.get('etag')).toBeNull();
      expect((await problemOf(response, 416)).detail).toContain(`${whole.length} bytes`);
    });

    it('are not sent again either to whoever has them', async () => {
      const headers = { range: 'bytes=0-9', 'if-none-match': etag };
      expect((await service.client.request('GET', url, undefined, headers)).status).toBe(304);
    });

    it('are announced to those who ask for the headers alone', async () => {
      const response = await service.client.request('HEAD', url, undefined, { range: 'bytes=0-9' });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-length')).toBe(String(whole.length));
      expect(response.headers.get('accept-ranges')).toBe('bytes');
      expect(response.headers.get('etag')).toBe(etag);
      expect(await response.text()).toBe('');
    });
  });

  it.each([
    'manifest.json',
    'nothing.txt',
    '..%2F..%2Fwellformed.sqlite',
    '%2Fetc%2Fpasswd',
    'config.json%00',
  ])('are never taken from elsewhere: %s', async (name) => {
    const problem = await service.client.problem(404, 'GET', `/models/production/files/${name}`);
    expect(problem.status).toBe(404);
  });
});

describe('aliases', () => {
  beforeAll(async () => {
    for (let count = 0; count < 2; count++) await registerTinyModel(service.app, { promote: 'always' });
  });

  it('are made, moved and removed, with a history', async () => {
    const { items } = await service.client.api.models.list();
    const [newer, older] = items.map((model) => model.id) as [string, string];
    await service.client.api.aliases.put({ path: { name: 'spring-2025' }, body: { modelId: older } });
    await service.client.api.aliases.put({ path: { name: 'spring-2025' }, body: { modelId: older } });
    await service.client.api.aliases.put({ path: { name: 'spring-2025' }, body: { modelId: newer } });
    const { history, ...alias } = await service.client.api.aliases.find({ path: { name: 'spring-2025' } });
    expect(alias).toMatchObject({ name: 'spring-2025', modelId: newer });
    expect(history.map((change) => change.modelId)).toEqual([newer, older]);
    const { items: aliases } = await service.client.api.aliases.list();
    expect(aliases.map(({ name }) => name)).toEqual(['production', 'spring-2025']);
    expect((await service.client.model('spring-2025')).id).toBe(newer);

    await service.client.api.aliases.remove({ path: { name: 'spring-2025' } });
    for (const method of ['GET', 'DELETE']) await service.client.problem(404, method, '/aliases/spring-2025');
    await service.client.problem(404, 'GET', '/models/spring-2025');
  });

  it.each(['mdl_x', 'Production', '-x', 'a%20b', 'a%2Fb', 'x'.repeat(64)])(
    'cannot be called %s',
    async (name) => {
      const { modelId } = await production();
      const problem = await service.client.problem(422, 'PUT', `/aliases/${name}`, { modelId });
      expect(problem.errors![0]).toMatchObject({ parameter: 'name' });
    },
  );

  it('point to models that there are', async () => {
    await service.client.problem(404, 'PUT', '/aliases/x', { modelId: 'mdl_01JD0000000000000000000000' });
    for (const body of [
      {},
      { modelId: '' },
      { modelId: 3 },
      { modelId: null },
      { modelId: 'x', name: 'y' },
    ]) {
      await service.client.problem(422, 'PUT', '/aliases/x', body);
    }
    await service.client.problem(404, 'GET', '/aliases/x');
  });

  it('show their MCC on the metrics page', async () => {
    const model = await service.client.model('production');
    const page = await (await service.client.request('GET', '/metrics')).text();
    expect(page).toContain(`wellformed_model_mcc{alias="production"} ${model.metrics.best.mcc}`);
    expect(page).not.toContain('wellformed_model_mcc{alias="spring-2025"}');
  });
});

describe('a registration that fails', () => {
  const leftovers = () => [namesIn(service, 'models'), readdirSync(path.join(service.folder, 'staging'))];

  it('leaves nothing behind', async () => {
    const before = leftovers();
    const count = await service.app.get(ModelsService).count();
    const alongside = () => Promise.reject(new Error('the run cannot be ended'));
    await expect(registerTinyModel(service.app, { alongside, promote: 'always' })).rejects.toThrow(
      'cannot be ended',
    );
    expect(leftovers()).toEqual(before);
    expect(await service.app.get(ModelsService).count()).toBe(count);
  });

  it('is not for half a folder', async () => {
    const before = leftovers();
    const staged = await service.app.get(BlobStore).stage();
    await expect(service.app.get(ModelsService).register(registration(staged))).rejects.toThrow(
      'without config.json, model.safetensors, model.onnx, tokenizer.json or vocab.txt',
    );
    const floatAlone = await stageTinyModel(service.app);
    await expect(
      service.app.get(ModelsService).register(registration(floatAlone, { auto: 'int8' })),
    ).rejects.toThrow('without model.int8.onnx, model.int8.onnx.data.');
    expect(leftovers()).toEqual(before);
  });
});

describe('the next start', () => {
  it('has all versions, and sets the files of one that was never stored aside', async () => {
    await registerTinyModel(service.app, { promote: 'always' });
    const before = await service.client.api.models.list();
    const orphan = 'mdl_01JD0000000000000000000000';
    await (await stageTinyModel(service.app)).publish(`models/${orphan}`);
    expect(existsSync(folderOf(orphan))).toBe(true);
    await service.stop();

    service = await startService(service.folder);
    expect(existsSync(folderOf(orphan))).toBe(false);
    const [aside] = readdirSync(path.join(service.folder, 'orphans', 'models'));
    expect(aside).toContain(orphan);
    expect(existsSync(path.join(service.folder, 'orphans', 'models', aside!, 'model.safetensors'))).toBe(
      true,
    );
    expect(await service.client.api.models.list()).toEqual(before);
    const page = await (await service.client.request('GET', '/metrics')).text();
    expect(page).toMatch(/wellformed_model_mcc\{alias="production"\} 0\.\d/);
  });
});
