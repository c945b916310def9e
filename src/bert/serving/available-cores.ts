import { availableParallelism } from 'node:os';
import path from 'node:path';
import { controlGroups, readText, type ControlGroup } from './control-groups.js';

/**
 * Number of cores that this process may keep busy: those that it may run on, or fewer if a control group
 * limits its time, as Kubernetes and Docker do (`cpu.max`, in version 1 `cpu.cfs_quota_us`; Linux'
 * `Documentation/admin-guide/cgroup-v2.rst`).
 * @param root the file system, for tests.
 */
export function availableCores(root = '/'): number {
  const cores = availableParallelism();
  const quota = Math.min(...controlGroups('cpu', root).map(quotaOf), Infinity);
  return Math.max(1, Math.min(cores, Math.ceil(quota)));
}

/** In cores. */
function quotaOf({ version, folder }: ControlGroup): number {
  const read = (name: string) => readText(path.join(folder, name));
  if (version === 1) return ratio(read('cpu.cfs_quota_us'), read('cpu.cfs_period_us'));
  const [quota, period] = read('cpu.max')?.split(/\s+/) ?? [];
  return ratio(quota, period);
}

/** "max", -1 or a missing file means no limit. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Infinity;
}
