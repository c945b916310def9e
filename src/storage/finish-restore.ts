import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolderSync, timeInNames } from './durable-files.js';

/** In the data folder: what a restore has copied so far. Worth nothing if the restore was cut off. */
export const PARTIAL_RESTORE = 'restore.partial';
/** In the data folder: the same once it is whole. From then on the restore counts. */
export const READY_RESTORE = 'restore.ready';
/** In either: what goes into the data folder. */
export const RESTORED_FILES = 'new';

/** What SQLite keeps beside a database. It belongs to that very file, and would damage another one. */
const SIDECARS = ['-wal', '-shm', '-journal'];

/**
 * Puts what a restore has ready in its place, entry by entry, and what was there before into `replaced/`. A data folder is often a
 * mounted volume, which cannot be exchanged as a whole: so the restore counts once it is ready, and whoever comes next finishes it
 * if it was cut off. Call it with the folder's lock held, before anything is read.
 * @returns where that lies which was replaced; null if nothing was
 */
export function finishRestore(folder: string): string | null {
  rmSync(path.join(folder, PARTIAL_RESTORE), { recursive: true, force: true });
  const ready = path.join(folder, READY_RESTORE);
  if (!existsSync(ready)) return null;
  const [fresh, old] = [path.join(ready, RESTORED_FILES), path.join(ready, 'old')];
  mkdirSync(old, { recursive: true });
  for (const name of readdirSync(fresh)) {
    // What is still in the folder of new entries has not replaced anything yet.
    for (const suffix of name.endsWith('.sqlite') ? [...SIDECARS, ''] : [''])
      moveIfThere(path.join(folder, name + suffix), path.join(old, name + suffix));
    syncFolderSync(old);
    renameSync(path.join(fresh, name), path.join(folder, name));
    syncFolderSync(folder);
  }
  const replaced = readdirSync(old).length > 0 ? keep(old, path.join(folder, 'replaced')) : null;
  syncFolderSync(folder);
  rmSync(ready, { recursive: true });
  return replaced;
}

function keep(old: string, replaced: string): string {
  mkdirSync(replaced, { recursive: true, mode: 0o700 });
  const place = path.join(replaced, timeInNames());
  renameSync(old, place);
  syncFolderSync(replaced);
  return place;
}

function moveIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}
