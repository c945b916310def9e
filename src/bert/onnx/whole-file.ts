import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/**
 * Writes a file atomically: it exists complete and on disk, or not at all.
 * @param write appends the content. If it throws, an older file of that name stays as it was.
 */
export function writeWhole(path: string, write: (file: GrowingFile) => void): void {
  const unfinished = `${path}.unfinished`;
  const file = openSync(unfinished, 'w');
  try {
    write(new GrowingFile(file));
    fsyncSync(file);
  } catch (error) {
    rmSync(unfinished);
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
}

export class GrowingFile {
  private size = 0;

  constructor(private readonly file: number) {}

  /** Aligned to a cache line, for readers that map the file into memory. */
  append(bytes: Uint8Array): { offset: number; length: number } {
    const offset = Math.ceil(this.size / 64) * 64;
    let done = 0;
    while (done < bytes.length) done += writeSync(this.file, bytes, done, bytes.length - done, offset + done);
    this.size = offset + bytes.length;
    return { offset, length: bytes.length };
  }
}
