import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hubRevision, ModelHub } from '../../../test/support/model-hub.js';
import type { HubLocation } from '../catalogue.js';
import { SourceError, type DownloadProgress } from '../source.js';
import { fetchFromHub, type HubOptions } from './hub.js';

const tiny = 'test/goldens/tiny-bert';
const location: HubLocation = { kind: 'hub', id: 'owner/tiny', sha256: {} };

let root: string;
let folder: string;
let hub: ModelHub;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'hub-'));
  hub = await ModelHub.start();
  hub.add('owner/tiny', tiny);
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  hub.reset();
});
afterAll(async () => {
  await hub.stop();
  rmSync(root, { recursive: true });
});

function fetchTiny(
  more: Partial<HubOptions> & Partial<HubLocation> & { signal?: AbortSignal } = {},
): Promise<{
  revision: string;
  progress: DownloadProgress[];
}> {
  const progress: DownloadProgress[] = [];
  const options = {
    hubUrl: hub.url,
    maxBytes: 1e6,
    pauseMs: 1,
    signal: new AbortController().signal,
    ...more,
  };
  return fetchFromHub({ ...location, ...more }, folder, {
    ...options,
    onProgress: (item) => progress.push(item),
  }).then(({ revision }) => ({ revision, progress }));
}

describe('fetchFromHub', () => {
  it('downloads the files of a model and tells how far it is', async () => {
    const { revision, progress } = await fetchTiny();
    expect(revision).toBe(hubRevision);
    expect(readdirSync(folder).sort()).toEqual(readdirSync(tiny).sort());
    for (const name of readdirSync(tiny)) {
      expect(readFileSync(join(folder, name)), name).toEqual(readFileSync(join(tiny, name)));
    }
    const size = readFileSync(join(tiny, 'model.safetensors')).length;
    expect(progress.at(-1)).toEqual({
      source: 'hub',
      file: 'model.safetensors',
      bytes: size,
      totalBytes: size,
    });
  });

  it('asks for a pinned revision alone', async () => {
    await fetchTiny({ revision: hubRevision });
    expect(hub.requests.some((path) => path.includes('/revision/'))).toBe(false);
    await expect(fetchTiny({ revision: 'f'.repeat(40) })).rejects.toThrow(/no public model owner\/tiny/);
  });

  it('leaves what is not part of a model where it is', async () => {
    const more = mkdtempSync(join(root, 'more-'));
    cpSync(tiny, more, { recursive: true });
    for (const name of ['README.md', 'pytorch_model.bin']) writeFileSync(join(more, name), name);
    hub.add('owner/more', more);
    await fetchTiny({ id: 'owner/more' });
    expect(readdirSync(folder).sort()).toEqual(readdirSync(tiny).sort());
  });

  it('goes on where a connection broke off', async () => {
    hub.faults.breaksAfter = { bytes: 30_000, times: 3 };
    await fetchTiny();
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(
      readFileSync(join(tiny, 'model.safetensors')),
    );
  });

  it.each([
    ['is busy', { times: 3 }],
    ['is asked too often', { times: 2, status: 429, retryAfter: 0 }],
  ])('asks again when the hub %s', async (_, busy) => {
    hub.faults.busy = { ...busy };
    await fetchTiny();
    expect(hub.requests.filter((path) => path.includes('/revision/'))).toHaveLength(busy.times + 1);
  });

  it(
    'waits before it asks again, as long as the hub says, unless it is told to stop',
    { timeout: 15_000 },
    async () => {
      hub.faults.busy = { times: 1, status: 429, retryAfter: 3600 };
      const stop = new AbortController();
      const reason = new Error('cancelled');
      const fetching = fetchTiny({ signal: stop.signal });
      while (hub.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(hub.requests).toHaveLength(1);
      stop.abort(reason);
      await expect(fetching).rejects.toBe(reason);
    },
  );

  it('asks no second time for what is refused', async () => {
    await expect(fetchTiny({ id: 'owner/nothing' })).rejects.toThrow(SourceError);
    expect(hub.requests).toHaveLength(1);
  });

  it('gives up when it breaks off time and again', async () => {
    hub.faults.breaksAfter = { bytes: 10, times: 100 };
    await expect(fetchTiny()).rejects.toThrow(SourceError);
  });

  it('gives up quickly when there is no answer', async () => {
    hub.faults.silent = true;
    const start = Date.now();
    await expect(fetchTiny({ answerTimeoutMs: 200 })).rejects.toThrow(/cannot be reached.*no answer within/);
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  it('gives up when a download stands still', async () => {
    hub.faults.stallsAfter = 100;
    await expect(fetchTiny({ stallTimeoutMs: 100 })).rejects.toThrow(/no data came for/);
  });

  it('says why a hub cannot be reached', async () => {
    const port = await unusedPort();
    await expect(fetchTiny({ hubUrl: `http://127.0.0.1:${port}` })).rejects.toThrow(
      /cannot be reached \(.*ECONNREFUSED/,
    );
    await expect(fetchTiny({ hubUrl: 'http://hub.invalid' })).rejects.toThrow(/cannot be reached/);
    hub.faults.status = 503;
    await expect(fetchTiny()).rejects.toThrow(/answered with status 503/);
  });

  it('refuses a model that is too large before it downloads any of it', async () => {
    await expect(fetchTiny({ maxBytes: 50_000 })).rejects.toThrow(
      /more than the 50000 that WELLFORMED_BASE_MODEL_MAX_BYTES/,
    );
    expect(hub.requests.some((path) => path.includes('/resolve/'))).toBe(false);
  });

  it.each([
    ['is longer than any', { listsMore: 40 * 2 ** 20 }, /tells more of the model than/],
    ['never ends', { listsMore: Infinity }, /tells more of the model than/],
    ['always goes on', { listsOn: true }, /list of the model's files has no end/],
  ])('refuses a model whose list of files %s', async (_, fault, message) => {
    Object.assign(hub.faults, fault);
    await expect(fetchTiny()).rejects.toThrow(message);
    expect(hub.requests.some((path) => path.includes('/resolve/'))).toBe(false);
  });

  it('takes a list that is long, and gives up one that stands still', async () => {
    hub.faults.listsMore = 8 * 2 ** 20;
    await expect(fetchTiny()).rejects.toThrow(/has no config.json/);
    hub.faults.listsMore = NaN;
    await expect(fetchTiny({ stallTimeoutMs: 100 })).rejects.toThrow(/no data came for/);
  });

  it('reads no refusal to its end', async () => {
    hub.faults.refusesAtLength = true;
    await expect(fetchTiny()).rejects.toThrow(/no public model owner\/tiny \(status 404\)/);
  });

  it('refuses a file that has another size than was listed', async () => {
    hub.faults.listedSize = 1000;
    await expect(fetchTiny()).rejects.toThrow(/gives \d+ bytes where it listed 1000/);
  });

  it('refuses damaged weights, by the hub’s own sum and by a pinned one', async () => {
    hub.faults.damaged = true;
    await expect(fetchTiny()).rejects.toThrow(/model.safetensors is not the expected file/);
    hub.reset();
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await expect(fetchTiny({ sha256: { 'vocab.txt': 'f'.repeat(64) } })).rejects.toThrow(
      /vocab.txt is not the expected file/,
    );
  });

  it('refuses a model that lacks a file whose sum is pinned', async () => {
    hub.add('owner/part', tiny, ['tokenizer_config.json']);
    const sha256 = { 'tokenizer_config.json': 'f'.repeat(64) };
    await expect(fetchTiny({ id: 'owner/part', sha256 })).rejects.toThrow(
      /has no tokenizer_config.json any more/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['weights', ['model.safetensors'], /has no model.safetensors in one file/],
    ['configuration', ['config.json'], /has no config.json/],
  ])('refuses a model without %s', async (_, without, message) => {
    hub.add('owner/part', tiny, without);
    await expect(fetchTiny({ id: 'owner/part' })).rejects.toThrow(message);
  });

  it('says that a model is not there', async () => {
    await expect(fetchTiny({ id: 'owner/nothing' })).rejects.toThrow(
      /no public model owner\/nothing \(status 404\)/,
    );
  });

  it('stops in the middle of a file when it is told to', async () => {
    hub.faults.stallsAfter = 100;
    const stop = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => stop.abort(reason), 200);
    await expect(fetchTiny({ signal: stop.signal })).rejects.toBe(reason);
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
