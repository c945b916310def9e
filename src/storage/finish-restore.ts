import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolderSync, timeInNames } from './durable-files.js';

/** In the data folder: an unfinished restore. It is useless if the restore was interrupted. */
export const PARTIAL_RESTORE = 'restore.partial';
/** In the data folder: a complete restore. From then on it takes effect. */
export const READY_RESTORE = 'restore.ready';
/** In either: the files for the data folder. */
export const RESTORED_FILES = 'new';

/** The files that SQLite keeps beside a database. They would damage another database. */
const SIDECARS = ['-wal', '-shm', '-journal'];

/**
 * Moves the files of a complete restore into place, entry by entry, and the previous ones into `replaced/`. A
 * data folder is often a mounted volume, which cannot be replaced as a whole. So the restore takes effect
 * once it is complete, and the next start finishes it if it was interrupted. Call it with the folder's lock
 * held, before anything is read.
 * @returns the folder of the replaced files; null if there are none
 */
export function finishRestore(folder: string): string | null {
  rmSync(path.join(folder, PARTIAL_RESTORE), { recursive: true, force: true });
  const ready = path.join(folder, READY_RESTORE);
  if (!existsSync(ready)) return null;
  const [fresh, old] = [path.join(ready, RESTORED_FILES), path.join(ready, 'old')];
  mkdirSync(old, { recursive: true });
  for (const name of readdirSync(fresh)) {
    // An entry that is still among the new ones has not replaced anything yet.
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
