import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { availableMemory } from './available-memory.js';

const GIB = 2 ** 30;
let root: string | undefined;

/** A file system with these files, for this process. */
function fileSystem(files: Record<string, string>): string {
  root = mkdtempSync(path.join(tmpdir(), 'memory-'));
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

/** A machine of 16 GiB, of which 10 are left. */
const machine = {
  'proc/meminfo': `MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:   10485760 kB\nSwapFree: 99 kB\n`,
};
const group2 = (folder: string, files: Record<string, string | number>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`sys/fs/cgroup/${folder}memory.${name}`, `${text}\n`]),
  );
const statistics = (prefix: string, mapped: string) =>
  `anon 1\n${prefix}inactive_file ${GIB}\n${prefix}active_file ${GIB}\n${prefix}${mapped} ${GIB / 2}\n`;

describe('availableMemory', () => {
  it('is that of the machine where nothing limits it', () => {
    const whole = { total: 16 * GIB, left: 10 * GIB };
    expect(availableMemory(fileSystem(machine))).toEqual(whole);
    const unlimited = group2('', { max: 'max', high: 'max', current: GIB, stat: '' });
    expect(availableMemory(fileSystem({ ...machine, ...unlimited, 'proc/self/cgroup': '0::/\n' }))).toEqual(
      whole,
    );
  });

  it('is what the system tells Node where there are no files', () => {
    const { total, left } = availableMemory(fileSystem({}));
    expect(total).toBe(totalmem());
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(total);
  });

  it('is what a container has left, copies of files counted unless they are mapped', () => {
    const limited = group2('', { max: 8 * GIB, current: 6 * GIB, stat: statistics('', 'file_mapped') });
    expect(availableMemory(fileSystem({ ...machine, ...limited, 'proc/self/cgroup': '0::/\n' }))).toEqual({
      total: 8 * GIB,
      left: 3.5 * GIB,
    });
  });

  it('is that of the tightest group around the process, a brake counted as a limit', () => {
    const nested = {
      ...machine,
      'proc/self/cgroup': '0::/system.slice/wellformed.service\n',
      ...group2('system.slice/wellformed.service/', {
        max: 'max',
        high: 4 * GIB,
        current: 3 * GIB,
        stat: '',
      }),
      ...group2('system.slice/', { max: 12 * GIB, current: 11.5 * GIB, stat: '' }),
    };
    expect(availableMemory(fileSystem(nested))).toEqual({ total: 4 * GIB, left: 0.5 * GIB });
  });

  it('reads version 1, whose group a container may not see, and whose greatest number is no limit', () => {
    const version1 = (limit: string) => ({
      ...machine,
      'proc/self/cgroup': '4:memory:/docker/0a1b\n3:cpu,cpuacct:/docker/0a1b\n0::/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': `${limit}\n`,
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${6 * GIB}\n`,
      'sys/fs/cgroup/memory/memory.stat': `inactive_file 1\nmapped_file 1\n${statistics('total_', 'mapped_file')}`,
    });
    expect(availableMemory(fileSystem(version1(String(8 * GIB))))).toEqual({
      total: 8 * GIB,
      left: 3.5 * GIB,
    });
    expect(availableMemory(fileSystem(version1('9223372036854771712')))).toEqual({
      total: 16 * GIB,
      left: 10 * GIB,
    });
  });

  it('is nothing, and not less, in a group that holds more than it may', () => {
    const over = group2('', { max: GIB, current: 2 * GIB, stat: '' });
    expect(availableMemory(fileSystem({ ...machine, ...over, 'proc/self/cgroup': '0::/\n' })).left).toBe(0);
  });
});
