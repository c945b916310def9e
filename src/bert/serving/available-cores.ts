import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * How many cores this process may keep busy: those that it may run on, or fewer where a control group limits its time, as
 * Kubernetes and Docker do (`cpu.max`, in version 1 `cpu.cfs_quota_us`; Linux' `Documentation/admin-guide/cgroup-v2.rst`).
 * @param root the file system, for tests.
 */
export function availableCores(root = '/'): number {
  const cores = availableParallelism();
  const quota = Math.min(...quotas(root), Infinity);
  return Math.max(1, Math.min(cores, Math.ceil(quota)));
}

/** In cores: of the control group of this process and of those above it. */
function quotas(root: string): number[] {
  const memberships = read(path.join(root, 'proc/self/cgroup'))?.trim().split('\n') ?? [];
  return memberships.flatMap((line) => {
    const [hierarchy, controllers = '', ...rest] = line.split(':');
    const group = rest.join(':');
    if (hierarchy === '0') return upwards(group).map((folder) => quotaOfVersion2(root, folder));
    if (!controllers.split(',').includes('cpu')) return [];
    return upwards(group).map((folder) => quotaOfVersion1(root, folder));
  });
}

/** A group and those above it. In a container the group may be one of the host that cannot be seen, the topmost is its own. */
function upwards(group: string): string[] {
  const folders = [group];
  while (folders.at(-1) !== '/' && folders.at(-1) !== '.') folders.push(path.posix.dirname(folders.at(-1)!));
  return folders;
}

function quotaOfVersion2(root: string, group: string): number {
  const [quota, period] = read(path.join(root, 'sys/fs/cgroup', group, 'cpu.max'))?.split(/\s+/) ?? [];
  return ratio(quota, period);
}

function quotaOfVersion1(root: string, group: string): number {
  const folder = path.join(root, 'sys/fs/cgroup/cpu', group);
  return ratio(read(path.join(folder, 'cpu.cfs_quota_us')), read(path.join(folder, 'cpu.cfs_period_us')));
}

/** No limit where it is "max", -1 or not there. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Infinity;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
