import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Makes a file durable and returns its size. The file must be writable. */
export async function syncFile(file: string): Promise<number> {
  const handle = await open(file, 'r+');
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error(`This is a bug: ${file} is no plain file`);
    await handle.sync();
    return found.size;
  } finally {
    await handle.close();
  }
}

/** Makes creations and renames in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Windows cannot sync a folder.
    if (process.platform !== 'win32') throw error;
  } finally {
    await handle.close();
  }
}

/** The synchronous form, for work that must precede everything else. */
export function syncFolderSync(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  } finally {
    closeSync(handle);
  }
}

/** Writes a new file and makes it durable. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The time as part of a file's name, such as `20261123T235959123Z`: names sort by it. */
export function timeInNames(): string {
  return new Date().toISOString().replace(/[-:.]/g, '');
}
