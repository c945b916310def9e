import { readFileSync } from 'node:fs';

/** Number of files reserved for the database, the models and uploads, or half of the limit. */
const LEFT_TO_OTHERS = 256;

/**
 * Maximum number of open files and connections of this process; undefined if unknown (only Linux reports it).
 */
export function openFilesLimit(): number | undefined {
  try {
    // Node has already raised its soft limit to the hard one.
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** The requested number of connections, limited by the available files. */
export function mostConnections(asked: number, limit = openFilesLimit()): number {
  if (limit === undefined) return asked;
  return Math.max(1, Math.min(asked, limit - Math.min(LEFT_TO_OTHERS, Math.ceil(limit / 2))));
}
