import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A folder in which Linux shows the limits of a control group. */
export interface ControlGroup {
  version: 1 | 2;
  folder: string;
}

/**
 * The control groups of this process for a controller, and their parents. In a container, the group may be
 * one of the host that is not visible, and the topmost is the container's own. So not every folder exists.
 * @param controller of version 1; version 2 has one tree for all.
 * @param root the file system, for tests.
 */
export function controlGroups(controller: string, root = '/'): ControlGroup[] {
  const memberships = readText(path.join(root, 'proc/self/cgroup'))?.trim().split('\n') ?? [];
  return memberships.flatMap((line): ControlGroup[] => {
    const [hierarchy, controllers = '', ...rest] = line.split(':');
    const groups = upwards(rest.join(':'));
    const folders = (tree: string) => groups.map((group) => path.join(root, 'sys/fs/cgroup', tree, group));
    if (hierarchy === '0') return folders('').map((folder) => ({ version: 2, folder }));
    if (!controllers.split(',').includes(controller)) return [];
    return folders(controller).map((folder) => ({ version: 1, folder }));
  });
}

/** undefined if it cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function upwards(group: string): string[] {
  const folders = [group];
  while (folders.at(-1) !== '/' && folders.at(-1) !== '.') folders.push(path.posix.dirname(folders.at(-1)!));
  return folders;
}
