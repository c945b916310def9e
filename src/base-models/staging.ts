import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../storage/sqlite.js';

/** A folder for a download. It lies beside the models, under a name that no model can have. */
export interface StagedModel {
  path: string;
  /** Removes the folder unless it was renamed, and releases its lock. */
  discard(): Promise<void>;
}

/** Creates a staged folder. It also removes what crashed processes have left. */
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

/** Removes staged folders of processes that have ended. */
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

/** Age at which a folder without a lock counts as abandoned. No download may stall for that long. */
const STALE_AFTER_MS = 60 * 60_000;

const lockOf = (path: string) => `${path}${LOCK}`;

/** Locks a folder as long as this process or thread lives. On a file system without locks, it does nothing. */
function claim(path: string): () => void {
  try {
    return lockFile(lockOf(path));
  } catch {
    // Remove the lock file, so that the age of the folder decides. An unlocked lock file would mean that the
    // folder is abandoned.
    rmSync(lockOf(path), { force: true });
    return () => {};
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const held = isHeld(lockOf(path));
  return held === undefined ? Date.now() - (await lastChange(path)) > STALE_AFTER_MS : !held;
}

/** Undefined: there is no such lock, or the file system has no locks. */
function isHeld(lock: string): boolean | undefined {
  try {
    lockFile(lock, { fileMustExist: true })();
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'SQLITE_BUSY' ? true : undefined;
  }
}

/**
 * Returns the time of the last change in a folder, in milliseconds since 1970. If another process has
 * published or removed the folder meanwhile, returns the current time.
 */
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
