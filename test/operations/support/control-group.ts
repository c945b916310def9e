import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A control group of Linux that limits the memory of what runs in it. */
export interface MemoryGroup {
  /** A program with its arguments that enters the group and becomes what follows. */
  enter: readonly string[];
  limit(bytes: number): void;
  /** When nothing runs in it any more. */
  remove(): void;
}

/** Undefined where this user may not make one. */
export function makeMemoryGroup(name: string): MemoryGroup | undefined {
  const root = '/sys/fs/cgroup';
  const places = [
    { folder: path.join(root, 'memory', name), file: 'memory.limit_in_bytes' },
    { folder: path.join(root, name), file: 'memory.max' },
  ];
  for (const { folder, file } of places) {
    if (!existsSync(path.dirname(folder))) continue;
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    if (existsSync(path.join(folder, file))) {
      return {
        enter: ['/bin/sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$0" "$@"`],
        limit: (bytes) => writeFileSync(path.join(folder, file), String(bytes)),
        remove: () => rmdirSync(folder),
      };
    }
    rmdirSync(folder);
  }
  return undefined;
}
