import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DamagedError, NotFoundError } from '../common/errors.js';
import type { BlobKey, StagedFolder } from './blob-store.js';
import type { DataFolder } from './data-folder.js';
import { LocalBlobStore } from './local-blob-store.js';

describe('LocalBlobStore', () => {
  let data: string;
  let store: LocalBlobStore;

  beforeEach(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'wellformed-blobs-'));
    store = await open();
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  async function open(): Promise<LocalBlobStore> {
    const opened = new LocalBlobStore({ path: data } as DataFolder);
    await opened.onModuleInit();
    return opened;
  }

  async function staged(files: Record<string, string>): Promise<StagedFolder> {
    const folder = await store.stage();
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder.path, name), text);
    return folder;
  }

  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const staging = () => readdirSync(path.join(data, 'staging'));

  it('publishes a folder with a manifest', async () => {
    const folder = await staged({ 'b.txt': 'two', 'a.txt': 'one' });
    expect(await store.keys('models')).toEqual([]);
    const manifest = await folder.publish('models/mdl_1');
    expect(manifest).toEqual({
      files: [
        { name: 'a.txt', size: 3, sha256: sum('one') },
        { name: 'b.txt', size: 3, sha256: sum('two') },
      ],
    });
    expect(await store.manifest('models/mdl_1')).toEqual(manifest);
    expect(await store.keys('models')).toEqual(['models/mdl_1']);
    expect(await store.keys('datasets')).toEqual([]);
    expect(readFileSync(path.join(await store.open('models/mdl_1'), 'a.txt'), 'utf8')).toBe('one');
    expect(staging()).toEqual([]);
    await folder.discard();
    expect(await store.keys('models')).toEqual(['models/mdl_1']);
  });

  it('believes the sums that it is given', async () => {
    const folder = await staged({ 'a.txt': 'one', 'b.txt': 'two' });
    const { files } = await folder.publish('models/mdl_1', { 'a.txt': 'f'.repeat(64) });
    expect(files.map(({ sha256 }) => sha256)).toEqual(['f'.repeat(64), sum('two')]);
  });

  it('never replaces what is published', async () => {
    await (await staged({ 'a.txt': 'one' })).publish('models/mdl_1');
    const second = await staged({ 'a.txt': 'two' });
    await expect(second.publish('models/mdl_1')).rejects.toThrow(/ENOTEMPTY|EEXIST/);
    await second.discard();
    expect(readFileSync(path.join(await store.open('models/mdl_1'), 'a.txt'), 'utf8')).toBe('one');
    expect(staging()).toEqual([]);
  });

  it('discards a staged folder', async () => {
    const folder = await staged({ 'a.txt': 'one' });
    await folder.discard();
    expect(staging()).toEqual([]);
    await expect(folder.publish('models/mdl_1')).rejects.toThrow('This is a bug');
  });

  it('removes what an earlier process left half-written', async () => {
    await staged({ 'a.txt': 'one' });
    await (await staged({ 'a.txt': 'one' })).publish('models/mdl_1');
    store = await open();
    expect(staging()).toEqual([]);
    expect(await store.keys('models')).toEqual(['models/mdl_1']);
  });

  it('deletes a folder, and does nothing where there is none', async () => {
    await (await staged({ 'a.txt': 'one' })).publish('models/mdl_1');
    await store.delete('models/mdl_1');
    await store.delete('models/mdl_1');
    expect(existsSync(path.join(data, 'models/mdl_1'))).toBe(false);
    expect(staging()).toEqual([]);
    await expect(store.open('models/mdl_1')).rejects.toThrow(NotFoundError);
  });

  it('sets aside what is not known, and deletes none of it', async () => {
    for (const id of ['mdl_1', 'mdl_2']) {
      await (await staged({ 'a.txt': id })).publish(`models/${id}` as BlobKey);
    }
    await (await staged({ 'a.txt': 'rows' })).publish('datasets/ds_1');
    await store.setAsideUnknown('models', new Set<BlobKey>(['models/mdl_1']));
    expect(await store.keys('models')).toEqual(['models/mdl_1']);
    expect(await store.keys('datasets')).toEqual(['datasets/ds_1']);
    const [aside] = readdirSync(path.join(data, 'orphans', 'models'));
    expect(readFileSync(path.join(data, 'orphans', 'models', aside!, 'a.txt'), 'utf8')).toBe('mdl_2');
  });

  it('notices a file that is missing, cut or renamed, and a manifest that is no manifest', async () => {
    for (const [id, damage] of Object.entries<(folder: string) => void>({
      missing: (folder) => rmSync(path.join(folder, 'a.txt')),
      cut: (folder) => truncateSync(path.join(folder, 'a.txt'), 1),
      broken: (folder) => writeFileSync(path.join(folder, 'manifest.json'), '{"files":'),
      evil: (folder) =>
        writeFileSync(
          path.join(folder, 'manifest.json'),
          '{"files":[{"name":"../../x","size":1,"sha256":""}]}',
        ),
    })) {
      const key: BlobKey = `models/${id}`;
      await (await staged({ 'a.txt': 'one' })).publish(key);
      damage(path.join(data, key));
      await expect(store.open(key), id).rejects.toThrow(DamagedError);
    }
  });

  it('compares what is stored with the sums of its manifest, whenever it has changed', async () => {
    const key: BlobKey = 'models/mdl_1';
    await (await staged({ 'a.txt': 'one', 'b.txt': 'two' })).publish(key);
    const file = path.join(data, key, 'b.txt');
    await store.open(key);
    writeFileSync(file, 'owt');
    await store.open(key, ['a.txt']);
    for (let i = 0; i < 2; i++) await expect(store.open(key)).rejects.toThrow('b.txt is not what');
    expect((await store.usage('models')).damaged).toBe(1);
    writeFileSync(file, 'two');
    expect((await store.usage('models')).damaged).toBe(0);
    await store.open(key);
    rmSync(file);
    await expect(store.open(key)).rejects.toThrow(DamagedError);
    await expect(store.open(key, ['c.txt'])).rejects.toThrow('does not name c.txt');
    expect((await store.usage('models')).damaged).toBe(1);
    await store.delete(key);
    expect((await store.usage('models')).damaged).toBe(0);
  });

  it('remembers what it has compared only as long as the file stays as it is', async () => {
    const key: BlobKey = 'models/mdl_1';
    const file = path.join(data, key, 'a.txt');
    await (await staged({ 'a.txt': 'one' })).publish(key);
    // Changes that leave time and size as they were, however soon after they were compared.
    const { atime, mtime } = statSync(file);
    for (let i = 0; i < 20; i++) {
      await store.open(key);
      writeFileSync(file, 'two');
      utimesSync(file, atime, mtime);
      await expect(store.open(key)).rejects.toThrow(DamagedError);
      writeFileSync(file, 'one');
      utimesSync(file, atime, mtime);
    }
  });

  it('gives the bytes of one file that it has compared, whole and in parts', async () => {
    const key: BlobKey = 'models/mdl_1';
    const text = randomBytes(3 << 18).toString('hex');
    await (await staged({ 'a.txt': text })).publish(key);
    const part = async (start: number, end: number) => {
      const file = await store.openFile(key, 'a.txt');
      expect(file).toMatchObject({ size: text.length, sha256: sum(text) });
      return Buffer.concat(await file.read({ start, end }).toArray()).toString();
    };
    expect((await part(0, text.length)) === text).toBe(true);
    expect(await part(5, 9)).toBe(text.slice(5, 9));
    expect(await part(7, 7)).toBe('');
    await expect(store.openFile(key, 'b.txt')).rejects.toThrow(DamagedError);
  });

  it('gives no file whole that changes while it is read', async () => {
    const key: BlobKey = 'models/mdl_1';
    const text = randomBytes(3 << 18).toString('hex');
    await (await staged({ 'a.txt': text })).publish(key);
    const file = await store.openFile(key, 'a.txt');
    let given = 0;
    const reading = async () => {
      for await (const chunk of file.read({ start: 0, end: text.length })) {
        if (given === 0) writeFileSync(path.join(data, key, 'a.txt'), 'x', { flag: 'r+' });
        given += (chunk as Buffer).length;
      }
    };
    await expect(reading()).rejects.toThrow('was changed while it was read');
    expect(given).toBeLessThan(text.length);
  });

  it('does not take for damage what is deleted while it is read', async () => {
    const key: BlobKey = 'models/mdl_1';
    const text = randomBytes(3 << 18).toString('hex');
    await (await staged({ 'a.txt': text, 'b.txt': text })).publish(key);
    const file = await store.openFile(key, 'a.txt');
    const opening = expect(store.open(key)).rejects.toThrow(NotFoundError);
    await store.delete(key);
    await opening;
    const read = Buffer.concat(await file.read({ start: 0, end: text.length }).toArray()).toString();
    expect(read === text).toBe(true);
    await expect(store.open(key)).rejects.toThrow(NotFoundError);
    await expect(store.openFile(key, 'a.txt')).rejects.toThrow(NotFoundError);
    await expect(store.manifest(key)).rejects.toThrow(NotFoundError);
    expect((await store.usage('models')).damaged).toBe(0);
  });

  it('takes a folder without a manifest for damage', async () => {
    mkdirSync(path.join(data, 'models/mdl_1'), { recursive: true });
    await expect(store.open('models/mdl_1')).rejects.toThrow(DamagedError);
  });

  it.each([
    'models/../../etc',
    'models/..',
    'models/',
    'models/a/b',
    '/etc/passwd',
    'staging/x',
    'models/.hidden',
    'models/a\u0000',
  ])('has nothing under %j, whatever the operation', async (key) => {
    const outside = key as BlobKey;
    await expect(store.open(outside)).rejects.toThrow(NotFoundError);
    await expect(store.manifest(outside)).rejects.toThrow(NotFoundError);
    await expect(store.delete(outside)).rejects.toThrow(NotFoundError);
    const folder = await staged({ 'a.txt': 'one' });
    await expect(folder.publish(outside)).rejects.toThrow(NotFoundError);
  });

  it('knows how much of a kind there is', async () => {
    expect(await store.usage('models')).toEqual({ folders: 0, bytes: 0, damaged: 0 });
    await (await staged({ 'a.txt': 'one', 'b.txt': 'four' })).publish('models/mdl_1');
    await (await staged({ 'a.txt': 'three' })).publish('models/mdl_2');
    await (await staged({ 'a.txt': 'rows' })).publish('datasets/ds_1');
    for (let i = 0; i < 2; i++)
      expect(await store.usage('models')).toEqual({ folders: 2, bytes: 12, damaged: 0 });
    await store.delete('models/mdl_1');
    expect(await store.usage('models')).toEqual({ folders: 1, bytes: 5, damaged: 0 });
    expect(await store.usage('datasets')).toEqual({ folders: 1, bytes: 4, damaged: 0 });
    writeFileSync(path.join(data, 'datasets/ds_1/manifest.json'), '{');
    expect(await (await open()).usage('datasets')).toEqual({ folders: 1, bytes: 0, damaged: 1 });
  });

  it('says whether it can write', async () => {
    await store.check();
    rmSync(path.join(data, 'staging'), { recursive: true });
    await expect(store.check()).rejects.toThrow('ENOENT');
  });
});
