import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookUpBaseModel, UnknownBaseModelError } from './base-model-name.js';
import type { BaseModelOptions } from './options.js';

let root: string;
let options: BaseModelOptions;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'base-model-name-'));
  const folder = join(root, 'base-models');
  for (const name of ['mine', 'team/ours', '.staging/new-1'])
    mkdirSync(join(folder, name), { recursive: true });
  mkdirSync(join(root, 'outside/model'), { recursive: true });
  symlinkSync(join(root, 'outside/model'), join(folder, 'link-out'));
  symlinkSync(join(root, 'outside'), join(folder, 'folder-out'));
  symlinkSync(join(folder, 'mine'), join(folder, 'link-in'));
  symlinkSync(folder, join(folder, 'self'));
  symlinkSync('loop', join(folder, 'loop'));
  writeFileSync(join(folder, 'file'), '');
  options = { folder, hubUrl: 'http://127.0.0.1:1', hubModels: 'any', maxBytes: 1e9 };
});
afterAll(() => rmSync(root, { recursive: true }));

describe('lookUpBaseModel', () => {
  it('knows the catalogue, by name and by hub id', async () => {
    const model = await lookUpBaseModel('bert-base-uncased', options);
    expect(model).toMatchObject({ name: 'bert-base-uncased', stored: false });
    expect(model.folder).toBe(join(options.folder, 'bert-base-uncased'));
    expect(model.sources.map(({ kind }) => kind)).toEqual(['hub', 'maven']);
    expect(await lookUpBaseModel('google-bert/bert-base-uncased', options)).toEqual(model);
  });

  it('finds folders, also through links that stay inside', async () => {
    expect(await lookUpBaseModel('mine', options)).toMatchObject({ stored: true, sources: [] });
    expect(await lookUpBaseModel('team/ours', options)).toMatchObject({ stored: true, sources: [] });
    expect((await lookUpBaseModel('link-in', options)).folder).toBe(join(options.folder, 'mine'));
  });

  it('takes other ids from the hub as the settings say', async () => {
    const found = await lookUpBaseModel('owner/name', options);
    expect(found.folder).toBe(join(options.folder, 'owner--name'));
    expect(found.sources).toEqual([{ kind: 'hub', id: 'owner/name', sha256: {} }]);
    const listed = { ...options, hubModels: ['owner/name', 'old-name'] };
    expect((await lookUpBaseModel('old-name', listed)).sources).toHaveLength(1);
    await expect(lookUpBaseModel('owner/other', listed)).rejects.toThrow(
      /WELLFORMED_HUB_MODELS does not allow/,
    );
    const closed = { ...options, hubModels: 'catalogue' as const };
    await expect(lookUpBaseModel('owner/name', closed)).rejects.toThrow(
      /WELLFORMED_HUB_MODELS does not allow/,
    );
    expect((await lookUpBaseModel('bert-large-uncased', closed)).sources).toHaveLength(1);
  });

  it.each([
    '',
    '.',
    '..',
    '../outside/model',
    'mine/../../outside/model',
    'mine/..',
    './mine',
    '/etc',
    'a//b',
    'a/',
    '.staging/new-1',
    'team/.hidden',
    'C:\\models',
    'a\\b',
    'a\0b',
    'a b',
    'mine\n',
    'ä',
    'x'.repeat(201),
  ])('refuses %j as a name', async (name) => {
    await expect(lookUpBaseModel(name, options)).rejects.toThrow(UnknownBaseModelError);
    await expect(lookUpBaseModel(name, options)).rejects.toThrow(
      /cannot be the name.*Choose bert-base-uncased/,
    );
  });

  it.each(['link-out', 'folder-out/model', 'self'])(
    'refuses %s, which leads out of the folder',
    async (name) => {
      await expect(lookUpBaseModel(name, options)).rejects.toThrow(/leads out of the base-model folder/);
    },
  );

  it.each(['nothing', 'file', 'file/x/y', 'a/b/c'])('says what there is instead of %s', async (name) => {
    await expect(lookUpBaseModel(name, options)).rejects.toThrow(
      /There is no base model .* Choose bert-base-uncased/,
    );
  });

  it('refuses a link to itself', async () => {
    await expect(lookUpBaseModel('loop', options)).rejects.toThrow(UnknownBaseModelError);
  });
});
