import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { syncFolder } from './durable-files.js';
import { DamagedError, NotFoundError } from '../common/errors.js';
import { isSpaceError } from '../common/disk-errors.js';
import {
  BlobStore,
  type BlobKey,
  type BlobKind,
  type BlobUsage,
  type Manifest,
  type ManifestFile,
  type StagedFolder,
  type StoredFile,
} from './blob-store.js';
import { DataFolder } from './data-folder.js';
import { FileChecks, stateOf } from './file-checks.js';
import { durableFiles, MANIFEST, parseManifest, sealFolder } from './sealed-folder.js';

const KEY_PATTERN = /^(datasets|models|checkpoints)\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** Chunk size for sending a file, in bytes. */
const CHUNK = 1 << 18;
/** Maximum time that a folder is read, in milliseconds. */
const LONGEST_READ = 3_600_000;
const FILE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function isStoredName(name: string): boolean {
  return FILE_NAME_PATTERN.test(name);
}

/**
 * The store in the data folder: `datasets/ds_…/`, `models/mdl_…/`, `staging/` for unfinished folders, and
 * `orphans/` for folders that the database does not know.
 */
@Injectable()
export class LocalBlobStore extends BlobStore implements OnModuleInit {
  private readonly logger = new Logger(LocalBlobStore.name);
  private readonly checks = new FileChecks();
  /** Names of damaged files, by folder. */
  private readonly damaged = new Map<BlobKey, Set<string>>();
  /** A reader of a deleted folder must not report its missing files as damaged. */
  private readonly deleted = new Set<BlobKey>();
  /** Sizes of published folders in bytes. They never change. */
  private readonly sizes = new Map<BlobKey, number>();

  constructor(private readonly folder: DataFolder) {
    super();
  }

  private get staging(): string {
    return path.join(this.folder.path, 'staging');
  }

  async onModuleInit(): Promise<void> {
    // The lock on the data folder shows that no other process is writing. So a crash has left these.
    const stale = await readdir(this.staging).catch(() => []);
    // A training process that has not yet noticed the end of its service may write one more file.
    await rm(this.staging, { recursive: true, force: true, maxRetries: 5 });
    await mkdir(this.staging, { recursive: true });
    if (stale.length > 0)
      this.logger.log(`Removed ${stale.length} half-written folder(s) of an earlier process`);
  }

  async stage(): Promise<StagedFolder> {
    await mkdir(this.staging, { recursive: true });
    const staged = await mkdtemp(path.join(this.staging, 'new-'));
    let done = false;
    return {
      path: staged,
      publish: async (key, knownSums = {}) => {
        if (done) throw new Error(`This is a bug: ${staged} was published or discarded before`);
        const manifest = await this.publish(staged, key, knownSums);
        done = true;
        return manifest;
      },
      discard: async () => {
        if (!done) await rm(staged, { recursive: true, force: true });
        done = true;
      },
    };
  }

  async open(key: BlobKey, names?: readonly string[]): Promise<string> {
    const folder = this.pathOf(key);
    const { files } = await this.manifest(key);
    for (const name of names ?? files.map((file) => file.name)) await this.compare(key, files, name);
    return folder;
  }

  async openFile(key: BlobKey, name: string): Promise<StoredFile> {
    const { files } = await this.manifest(key);
    // Opened before the check: it can then be read even if it is deleted afterwards.
    const handle = await open(path.join(this.pathOf(key), name)).catch((error: NodeJS.ErrnoException) => {
      throw this.damage(key, name, reasonOf(error));
    });
    try {
      const { state, size, sha256 } = await this.compare(key, files, name);
      const assertUnchanged = async () => {
        // Deleting a file changes its state, but not its content.
        if (stateOf(await handle.stat({ bigint: true })) !== state && !this.deleted.has(key))
          throw this.damage(key, name, 'was changed while it was read');
      };
      await assertUnchanged();
      const read = (range: { start: number; end: number }) => readUnchanged(handle, range, assertUnchanged);
      return { handle, size, sha256, assertUnchanged, read };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async manifest(key: BlobKey): Promise<Manifest> {
    const file = path.join(this.pathOf(key), MANIFEST);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw this.damage(key, MANIFEST, reasonOf(error));
    });
    const manifest = parseManifest<Manifest>(text, isStoredName);
    if (!manifest) throw this.damage(key, MANIFEST, 'cannot be read');
    this.mended(key, MANIFEST);
    return manifest;
  }

  async delete(key: BlobKey): Promise<void> {
    const folder = this.pathOf(key);
    this.deleted.add(key);
    setTimeout(() => this.deleted.delete(key), LONGEST_READ).unref();
    this.damaged.delete(key);
    this.checks.forget(folder);
    // Rename first: a crash during removal must not leave half a folder that looks published. Create no new
    // folder for that, since the disk may be full.
    await mkdir(this.staging, { recursive: true });
    const grave = path.join(this.staging, `old-${randomUUID()}`);
    try {
      await rename(folder, grave);
      await syncFolder(path.dirname(folder));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    } finally {
      await rm(grave, { recursive: true, force: true });
    }
  }

  async keys(kind: BlobKind): Promise<BlobKey[]> {
    const entries = await readdir(path.join(this.folder.path, kind)).catch(() => []);
    return entries.map((entry): BlobKey => `${kind}/${entry}`).filter((key) => KEY_PATTERN.test(key));
  }

  async usage(kind: BlobKind): Promise<BlobUsage> {
    const keys = await this.keys(kind);
    const there = new Set(keys);
    for (const key of this.sizes.keys()) {
      if (key.startsWith(`${kind}/`) && !there.has(key)) this.sizes.delete(key);
    }
    let bytes = 0;
    for (const key of keys) bytes += this.sizes.get(key) ?? (await this.measure(key));
    const damaged = [...this.damaged.keys()].filter((key) => key.startsWith(`${kind}/`));
    // It may have been repaired.
    for (const key of damaged) await this.open(key).catch(() => undefined);
    return { folders: keys.length, bytes, damaged: damaged.filter((key) => this.damaged.has(key)).length };
  }

  async setAsideUnknown(kind: BlobKind, known: ReadonlySet<BlobKey>): Promise<void> {
    for (const key of await this.keys(kind)) {
      if (known.has(key)) continue;
      const place = path.join(this.folder.path, 'orphans', kind, `${Date.now()}-${path.basename(key)}`);
      await mkdir(path.dirname(place), { recursive: true });
      await rename(this.pathOf(key), place);
      await syncFolder(path.dirname(place));
      this.logger.warn(
        `The database does not know ${key}: moved it to ${place}. Delete it there if nobody misses it; ` +
          'if an older database was restored, restore the newer one and move it back.',
      );
    }
  }

  async check(): Promise<void> {
    try {
      const probe = await mkdtemp(path.join(this.staging, 'check-'));
      await rm(probe, { recursive: true });
    } catch (error) {
      // Reading works, and predictions need nothing else.
      if (!isSpaceError(error)) throw error;
    }
  }

  private async publish(
    staged: string,
    key: BlobKey,
    knownSums: Readonly<Record<string, string>>,
  ): Promise<Manifest> {
    const names = await readdir(staged);
    const wrong = names.find((name) => name === MANIFEST || !isStoredName(name));
    if (wrong !== undefined) throw new Error(`This is a bug: "${wrong}" cannot be the name of a stored file`);
    const manifest: Manifest = { files: await durableFiles(staged, { knownSums }) };
    await sealFolder(staged, this.pathOf(key), manifest);
    return manifest;
  }

  /** A folder that cannot be read, or was just deleted, counts as empty. */
  private async measure(key: BlobKey): Promise<number> {
    try {
      const { files } = await this.manifest(key);
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      this.sizes.set(key, bytes);
      return bytes;
    } catch {
      return 0;
    }
  }

  private async compare(key: BlobKey, files: readonly ManifestFile[], name: string) {
    const expected = files.find((file) => file.name === name);
    if (!expected) throw this.damage(key, MANIFEST, `does not name ${name}`);
    const file = path.join(this.pathOf(key), name);
    const unreadable = (error: NodeJS.ErrnoException) => {
      throw this.damage(key, name, reasonOf(error));
    };
    const stats = await stat(file, { bigint: true }).catch(unreadable);
    if (Number(stats.size) !== expected.size)
      throw this.damage(key, name, `has ${stats.size} bytes, not ${expected.size}`);
    if ((await this.checks.sha256(file, stats).catch(unreadable)) !== expected.sha256)
      throw this.damage(key, name, 'is not what was stored (its sha256 differs)');
    this.mended(key, name);
    return { ...expected, state: stateOf(stats) };
  }

  private mended(key: BlobKey, name: string): void {
    const names = this.damaged.get(key);
    if (names?.delete(name) && names.size === 0) this.damaged.delete(key);
  }

  /** The error for a file that differs from the manifest: it is damaged, or was just deleted. */
  private damage(key: BlobKey, name: string, what: string): Error {
    if (this.deleted.has(key)) return new NotFoundError(`${path.basename(key)} has been deleted.`);
    const error = new DamagedError(`${key} is damaged: ${name} ${what}. ${mendingOf(key)}`);
    const names = this.damaged.get(key) ?? new Set();
    if (!names.has(name)) this.logger.error(error.message);
    this.damaged.set(key, names.add(name));
    return error;
  }

  private pathOf(key: BlobKey): string {
    if (!KEY_PATTERN.test(key)) throw new NotFoundError(`Nothing is stored under ${JSON.stringify(key)}.`);
    return path.join(this.folder.path, ...key.split('/'));
  }
}

/** How to repair a damaged folder. */
export function mendingOf(key: BlobKey): string {
  const again = key.startsWith('datasets/') ? 'upload it again' : 'train it again';
  return `Restore that folder from a backup (docs/operations.md), or delete it (DELETE /${key}) and ${again}.`;
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'is missing' : `cannot be read (${code ?? message})`;
}

/**
 * @param assertUnchanged called before the last chunk, so that an answer with changed content never looks
 * complete
 */
function readUnchanged(
  handle: FileHandle,
  { start, end }: { start: number; end: number },
  assertUnchanged: () => Promise<void>,
): Readable {
  let at = start;
  const next = async () => {
    if (at >= end) return null;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(CHUNK, end - at)), {
      position: at,
    });
    at += bytesRead;
    if (at >= end || bytesRead === 0) await assertUnchanged();
    return buffer.subarray(0, bytesRead);
  };
  return new Readable({
    highWaterMark: CHUNK,
    read() {
      next().then(
        (chunk) => this.push(chunk),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      handle.close().then(() => done(error), done);
    },
  });
}
