import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto } from '../packages/client/src/index.js';
import { formOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';

const tinyBert = path.resolve('test/goldens/tiny-bert');

describe('names from outside', () => {
  let service: Service;
  let dataset: DatasetDto;
  let baseModels: string;
  beforeAll(async () => {
    service = await startService(undefined, {
      WELLFORMED_HUB_MODELS: 'catalogue',
      WELLFORMED_ENGINE: 'wasm',
    });
    baseModels = path.join(service.folder, 'base-models');
    cpSync(tinyBert, path.join(baseModels, 'damaged'), { recursive: true });
    writeFileSync(path.join(service.folder, 'secret.txt'), 'secret');
    symlinkSync('/etc', path.join(baseModels, 'link'));
    dataset = await service.client.upload('1\tWe go.\n0\tWe goes.\n'.repeat(20));
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  /** Every file of the data folder, with its size, but for the database's and the reserve, which comes ten seconds after the start. */
  const files = () =>
    readdirSync(service.folder, { recursive: true, encoding: 'utf8' })
      .filter(
        (name) =>
          name !== 'reserve' &&
          !name.includes('.sqlite') &&
          !name.startsWith(path.join('base-models', 'link')),
      )
      .map((name) => `${name} ${statSync(path.join(service.folder, name)).size}`)
      .sort();

  /** `fetch` would climb itself, and ask for what is left. */
  const asItStands = async (method: string, url: string): Promise<{ status: number; body: string }> => {
    const { port } = new URL(await service.app.getUrl());
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, method, path: url }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode!, body }), reject);
      })
        .on('error', reject)
        .end();
    });
  };

  const climbing = [
    '../secret.txt',
    '../../secret.txt',
    '..',
    '.',
    '/etc/passwd',
    '....//secret.txt',
    'x/../../secret.txt',
    'a\u0000b',
    '..\\secret.txt',
    'C:\\secret.txt',
    'manifest.json',
  ];

  it.each(climbing)('lead to no file: %j', async (name) => {
    const { id } = await registerTinyModel(service.app);
    const encoded = encodeURIComponent(name).replaceAll('.', '%2e');
    const before = files();
    for (const [method, url] of [
      ['GET', `/datasets/${encoded}`],
      ['GET', `/datasets/${encoded}/rows`],
      ['DELETE', `/datasets/${encoded}`],
      ['GET', `/models/${encoded}`],
      ['DELETE', `/models/${encoded}`],
      ['GET', `/models/${encoded}/files/config.json`],
      ['GET', `/models/${id}/files/${encoded}`],
      ['GET', `/models/${encoded}/evaluations/${encoded}`],
      ['GET', `/aliases/${encoded}`],
      ['DELETE', `/aliases/${encoded}`],
      ['GET', `/train/${encoded}`],
      ['GET', `/train/${encoded}/events`],
      ['DELETE', `/train/${encoded}`],
      ['GET', `/docs/${encoded}`],
    ] as const) {
      const { status, body } = await asItStands(method, url);
      expect([url, status >= 400 && status < 500]).toEqual([url, true]);
      expect(body).not.toMatch(/^secret|root:/);
    }
    expect(files()).toEqual(before);
  });

  it.each(climbing)('name no file that is written: %j', async (name) => {
    const before = files().map((line) => line.replace(/(ds|mdl)_\w+/g, '$1'));
    // Whatever kind of file its name says that it is.
    const fields = { format: 'tsv', name: `x ${name.replace('\u0000', '')}` };
    const form = formOf('1\tWe go.\n', fields, name);
    const response = await service.client.request('POST', '/datasets', form);
    expect(response.status).toBe(201);
    const made = (await response.json()) as DatasetDto;
    const now = files().map((line) => line.replace(/(ds|mdl)_\w+/g, '$1'));
    const added = now.filter((line) => !before.includes(line));
    for (const line of added) expect(line).toMatch(/^datasets\/ds/);
    expect(made.originalFileName ?? '').not.toMatch(/[/\\\0]/);
    expect(readFileSync(path.join(service.folder, 'secret.txt'), 'utf8')).toBe('secret');
    await service.client.api.datasets.delete({ path: { id: made.id } });
  });

  it.each([...climbing, 'link', 'link/ssl', '.staging', 'damaged/../damaged'])(
    'are no base model: %j',
    async (baseModel) => {
      const before = files();
      const body = { datasetId: dataset.id, baseModel };
      const { detail } = await service.client.problem(422, 'POST', '/train', body);
      expect(detail).not.toContain(service.folder);
      expect(files()).toEqual(before);
    },
  );

  describe('what answers tell of damage', () => {
    it.each<[string, (folder: string) => void]>([
      ['config.json', (folder) => writeFileSync(path.join(folder, 'config.json'), '{')],
      ['config.json', (folder) => rmSync(path.join(folder, 'config.json'))],
      ['model.safetensors', (folder) => writeFileSync(path.join(folder, 'model.safetensors'), 'no tensors')],
      ['model.safetensors', (folder) => rmSync(path.join(folder, 'model.safetensors'))],
    ])(
      'names the base model and its file, but not where on the server they lie: %s',
      async (file, damage) => {
        const folder = path.join(baseModels, 'damaged');
        rmSync(folder, { recursive: true, force: true });
        cpSync(tinyBert, folder, { recursive: true });
        damage(folder);
        const body = { datasetId: dataset.id, baseModel: 'damaged' };
        const { detail } = await service.client.problem(422, 'POST', '/train', body);
        expect(detail).toContain('base-models/damaged');
        expect(detail).toContain(file);
        expect(detail).not.toContain(service.folder);
      },
    );

    it('names the model that cannot be loaded, but not its folder', async () => {
      const { id } = await registerTinyModel(service.app);
      const folder = path.join(service.folder, 'models', id);
      truncateSync(path.join(folder, 'model.onnx'), 100);
      const answers = [
        await (await service.client.request('POST', '/predict', { sentence: 'We go.', model: id })).text(),
        JSON.stringify(await service.client.api.servedModels.list()),
        await (await service.client.request('GET', `/models/${id}/files/model.onnx`)).text(),
      ];
      for (const answer of answers) expect(answer).not.toContain(service.folder);
      expect(answers[0]).toContain(id);
    });
  });
});
