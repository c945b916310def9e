import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cpuBuild, gpuBuild } from './tensorflow-build.mjs';
import { installOfPackage } from './tensorflow-install.mjs';
import { mayDownloadUnverified, VARIABLE } from './unverified.mjs';

describe('what has no sum to check', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is downloaded only where it is asked for by 1', () => {
    expect(mayDownloadUnverified({})).toBe(false);
    for (const other of ['', '0', 'true', 'yes'])
      expect(mayDownloadUnverified({ [VARIABLE]: other })).toBe(false);
    expect(mayDownloadUnverified({ [VARIABLE]: '1' })).toBe(true);
  });

  it('is not even asked for by the install of tfjs-node', async () => {
    vi.stubEnv(VARIABLE, '');
    const folder = mkdtempSync(join(tmpdir(), 'wellformed-unverified-'));
    try {
      await expect(installOfPackage.bring(folder)).rejects.toThrow(`${VARIABLE}=1`);
      expect(existsSync(join(folder, 'deps'))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('comes after the wheel that is pinned', () => {
    expect(cpuBuild.sources.map(({ name }) => name)).toEqual([
      'the tensorflow-cpu wheel',
      installOfPackage.name,
    ]);
    expect(gpuBuild.sources).not.toContain(installOfPackage);
  });
});
