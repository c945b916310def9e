import { readFileSync } from 'node:fs';

/** So many files are left to the database, the models and uploads, or half of what there may be. */
const LEFT_TO_OTHERS = 256;

/** How many files and connections this process may have open; undefined where the system does not say (it does on Linux). */
export function openFilesLimit(): number | undefined {
  try {
    // Node has raised its soft limit to the hard one by now.
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** As many connections as were asked for, or as files can be spared. */
export function mostConnections(asked: number, limit = openFilesLimit()): number {
  if (limit === undefined) return asked;
  return Math.max(1, Math.min(asked, limit - Math.min(LEFT_TO_OTHERS, Math.ceil(limit / 2))));
}
