import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../storage/sqlite.js';

/** A folder to fetch a model into, beside the models but under a name that no model can have. */
export interface StagedModel {
  path: string;
  /** Removes it, unless it was renamed, and gives up the claim to it. */
  discard(): Promise<void>;
}

/** What crashed processes left behind is removed on the way. */
export async function stageModel(baseModels: string): Promise<StagedModel> {
  const staging = join(baseModels, STAGING);
  await mkdir(staging, { recursive: true });
  await removeAbandoned(baseModels);
  const path = await mkdtemp(join(staging, 'new-'));
  const giveUp = claim(path);
  return {
    path,
    discard: async () => {
      await rm(path, { recursive: true, force: true });
      giveUp();
      await rm(lockOf(path), { force: true });
    },
  };
}

/** Removes the staged folders of processes that have ended without doing so themselves. */
export async function removeAbandoned(baseModels: string): Promise<void> {
  const staging = join(baseModels, STAGING);
  const entries = await readdir(staging).catch((): string[] => []);
  for (const entry of entries) {
    const path = join(staging, entry);
    if (entry.endsWith(LOCK) ? entries.includes(entry.slice(0, -LOCK.length)) : !(await isAbandoned(path)))
      continue;
    await rm(path, { recursive: true, force: true });
    await rm(lockOf(path), { force: true });
  }
}

/** No model can have this name. */
export const STAGING = '.staging';
const LOCK = '.lock';

/** Of folders without a lock: longer than any download may stand still. */
const STALE_AFTER_MS = 60 * 60_000;

const lockOf = (path: string) => `${path}${LOCK}`;

/** Holds a lock beside a folder as long as this process (or thread) lives. Where the file system has no locks, there is none. */
function claim(path: string): () => void {
  try {
    return lockFile(lockOf(path));
  } catch {
    // What may be left of it then goes by its age: a file that nobody holds would say that it was left behind.
    rmSync(lockOf(path), { force: true });
    return () => {};
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const held = isHeld(lockOf(path));
  return held === undefined ? Date.now() - (await lastChange(path)) > STALE_AFTER_MS : !held;
}

/** undefined: there is no such lock, or none can be had here. */
function isHeld(lock: string): boolean | undefined {
  try {
    lockFile(lock, { fileMustExist: true })();
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'SQLITE_BUSY' ? true : undefined;
  }
}

/** Of anything in a folder, in milliseconds since 1970; now, if another process has published or removed it meanwhile. */
async function lastChange(folder: string): Promise<number> {
  let last = await stat(folder).then(
    (found) => found.mtimeMs,
    () => Date.now(),
  );
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const changed = await stat(join(folder, entry)).then(
      (found) => found.mtimeMs,
      () => 0,
    );
    last = Math.max(last, changed);
  }
  return last;
}
