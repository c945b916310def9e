import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { availableCores } from './available-cores.js';

let root: string | undefined;

/** A file system with these files, for this process only. */
function fileSystem(files: Record<string, string>): string {
  root = mkdtempSync(path.join(tmpdir(), 'cores-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

afterEach(() => {
  if (root !== undefined) rmSync(root, { recursive: true });
  root = undefined;
});

describe('availableCores', () => {
  it('is as many as the process may run on, where nothing limits its time', () => {
    expect(availableCores(fileSystem({}))).toBe(availableParallelism());
    const unlimited = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' };
    expect(availableCores(fileSystem(unlimited))).toBe(availableParallelism());
    expect(availableCores()).toBeGreaterThan(0);
  });

  it.each([
    ['one core', '100000 100000\n'],
    ['half a core', '50000 100000\n'],
  ])('is one where the container may use %s', (_what, max) => {
    const limited = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': max };
    expect(availableCores(fileSystem(limited))).toBe(1);
  });

  it('rounds up, and is never more than there are', () => {
    const quota = (cores: number) => ({
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cpu.max': `${cores * 100_000} 100000\n`,
    });
    expect(availableCores(fileSystem(quota(availableParallelism() - 0.5)))).toBe(availableParallelism());
    expect(availableCores(fileSystem(quota(4096)))).toBe(availableParallelism());
  });

  it('heeds the limit of a group above', () => {
    const nested = {
      'proc/self/cgroup': '0::/system.slice/wellformed.service\n',
      'sys/fs/cgroup/system.slice/wellformed.service/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/system.slice/cpu.max': '100000 100000\n',
    };
    expect(availableCores(fileSystem(nested))).toBe(1);
  });

  it('reads version 1, whose group a container may not see', () => {
    const version1 = (quota: string) => ({
      'proc/self/cgroup': '4:memory:/docker/0a1b\n3:cpu,cpuacct:/docker/0a1b\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': quota,
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(availableCores(fileSystem(version1('100000\n')))).toBe(1);
    expect(availableCores(fileSystem(version1('-1\n')))).toBe(availableParallelism());
  });
});
