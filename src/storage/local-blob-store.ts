import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { syncFile, syncFolder, writeDurably } from '../common/durable-files.js';
import { NotFoundError } from '../common/errors.js';
import { isSpaceError } from '../common/space-errors.js';
import { sha256BesideEventLoop, sha256OfFile } from '../common/file-hash.js';
import {
  BlobStore,
  DamagedBlobError,
  type BlobKey,
  type BlobKind,
  type BlobUsage,
  type Manifest,
  type ManifestFile,
  type StagedFolder,
} from './blob-store.js';
import { DataFolder } from './data-folder.js';

/** In each published folder; not listed in itself. */
export const MANIFEST = 'manifest.json';
const KEY_PATTERN = /^(datasets|models|checkpoints)\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const MENDING = 'Restore that folder of the data folder from a backup, or delete it through the API.';
const FILE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * The store in the data folder: `datasets/ds_…/`, `models/mdl_…/`, `staging/` for what is being written, and `orphans/` for what
 * no database knows.
 */
@Injectable()
export class LocalBlobStore extends BlobStore implements OnModuleInit {
  private readonly logger = new Logger(LocalBlobStore.name);
  /** Sums of files by path, each with the state that the file was in when it was hashed. */
  private readonly sums = new Map<string, { state: string; sha256: string }>();
  /** Bytes of published folders: they never change. */
  private readonly sizes = new Map<BlobKey, number>();

  constructor(private readonly folder: DataFolder) {
    super();
  }

  private get staging(): string {
    return path.join(this.folder.path, 'staging');
  }

  async onModuleInit(): Promise<void> {
    // The lock on the data folder says that no other process is writing: whatever lies here was left by a crash.
    const stale = await readdir(this.staging).catch(() => []);
    // A training process that is just about to hear that its service is gone may write one more file meanwhile.
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

  async open(key: BlobKey): Promise<string> {
    const folder = this.pathOf(key);
    for (const file of (await this.manifest(key)).files) {
      const size = await stat(path.join(folder, file.name)).then(
        (found) => found.size,
        () => undefined,
      );
      if (size !== file.size) {
        throw new DamagedBlobError(
          `${key} is damaged: ${file.name} ${size === undefined ? 'is missing' : `has ${size} bytes, not ${file.size}`}. ` +
            MENDING,
        );
      }
    }
    return folder;
  }

  async verify(key: BlobKey, compared: (name: string) => boolean): Promise<void> {
    const folder = this.pathOf(key);
    for (const file of (await this.manifest(key)).files) {
      if (!compared(file.name)) continue;
      const sha256 = await this.sumOf(path.join(folder, file.name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (sha256 === file.sha256) continue;
      throw new DamagedBlobError(
        `${key} is damaged: ${file.name} ${sha256 === undefined ? 'is missing' : 'is not what was stored (its sha256 differs)'}. ` +
          MENDING,
      );
    }
  }

  async manifest(key: BlobKey): Promise<Manifest> {
    const file = path.join(this.pathOf(key), MANIFEST);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw new NotFoundError(`Nothing is stored under ${key}.`);
      throw error;
    });
    return parseManifest(text, key);
  }

  async delete(key: BlobKey): Promise<void> {
    const folder = this.pathOf(key);
    for (const file of this.sums.keys()) if (path.dirname(file) === folder) this.sums.delete(file);
    // Renamed first: a crash in the middle of the removal must not leave half a folder that looks published. No new folder is made
    // for that: there may be no space for it.
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
    return { folders: keys.length, bytes };
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
      // What is stored can be read, and predictions need no more.
      if (!isSpaceError(error)) throw error;
    }
  }

  private async publish(
    staged: string,
    key: BlobKey,
    knownSums: Readonly<Record<string, string>>,
  ): Promise<Manifest> {
    const target = this.pathOf(key);
    const files: ManifestFile[] = [];
    for (const name of (await readdir(staged)).sort()) {
      if (name === MANIFEST || !FILE_NAME_PATTERN.test(name)) {
        throw new Error(`This is a bug: "${name}" cannot be the name of a stored file`);
      }
      const file = path.join(staged, name);
      files.push({ name, size: await syncFile(file), sha256: knownSums[name] ?? (await sha256OfFile(file)) });
    }
    const manifest: Manifest = { files };
    await writeDurably(path.join(staged, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await syncFolder(staged);
    await mkdir(path.dirname(target), { recursive: true });
    // A folder cannot be renamed over one that holds files: nothing published is ever replaced.
    await rename(staged, target);
    await syncFolder(path.dirname(target));
    return manifest;
  }

  /** What cannot be read, or has just been deleted, counts for nothing. */
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

  private async sumOf(file: string): Promise<string> {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file);
    const state = [ino, size, mtimeMs, ctimeMs].join();
    const known = this.sums.get(file);
    if (known?.state === state) return known.sha256;
    const sha256 = await sha256BesideEventLoop(file);
    this.sums.set(file, { state, sha256 });
    return sha256;
  }

  private pathOf(key: BlobKey): string {
    if (!KEY_PATTERN.test(key)) throw new NotFoundError(`Nothing is stored under ${JSON.stringify(key)}.`);
    return path.join(this.folder.path, ...key.split('/'));
  }
}

/** @throws DamagedBlobError where the text is no manifest */
export function parseManifest(text: string, key: BlobKey): Manifest {
  let files: unknown;
  try {
    files = (JSON.parse(text) as Partial<Manifest>).files;
  } catch {
    files = undefined;
  }
  // The names become paths: what lies on disk is not trusted with them either.
  if (!Array.isArray(files) || !files.every((file: ManifestFile) => FILE_NAME_PATTERN.test(file?.name))) {
    throw new DamagedBlobError(
      `${key} is damaged: its ${MANIFEST} cannot be read. Restore it from a backup.`,
    );
  }
  return { files: files as ManifestFile[] };
}
