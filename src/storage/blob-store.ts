import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** The purpose of a folder in the store. It is the first part of the key. */
export type BlobKind = 'datasets' | 'models' | 'checkpoints';

/** `kind/id`, for example `models/mdl_01JD…`. */
export type BlobKey = `${BlobKind}/${string}`;

export interface ManifestFile {
  name: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/** The content of a published folder, without the file `manifest.json` itself. */
export interface Manifest {
  files: ManifestFile[];
}

export interface BlobUsage {
  folders: number;
  bytes: number;
  /**
   * Number of folders with a file that differs from what was stored and that have not been repaired or
   * deleted since.
   */
  damaged: number;
}

/**
 * A file that was checked against its manifest, open for reading. It can be read to its end even if it is
 * deleted in the meantime.
 */
export interface StoredFile {
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly handle: FileHandle;
  /**
   * Call it after reading.
   * @throws DamagedError if the file was changed since the check
   */
  assertUnchanged(): Promise<void>;
  /**
   * Streams the bytes from `start` up to, but excluding, `end`, and closes the file. It fails before the last
   * bytes if the file was changed in the meantime.
   */
  read(range: { start: number; end: number }): Readable;
}

/**
 * Stores data sets, checkpoints and model files. A key names a flat folder of files. It appears atomically
 * when it is published and never changes afterwards. Nothing can be read without a check against its
 * manifest.
 */
export abstract class BlobStore {
  /** A new folder to write into. It is lost unless it is published. */
  abstract stage(): Promise<StagedFolder>;

  /**
   * Path of a local folder with the content of the key. The files to be read are checked against the manifest
   * by sha256. The result is cached while a file is unchanged, so another call is cheap.
   * @param names of the files to check; default: all of the manifest
   * @throws DamagedError if a file is missing or differs from the manifest
   * @throws NotFoundError if the folder was deleted
   */
  abstract open(key: BlobKey, names?: readonly string[]): Promise<string>;

  /**
   * Opens one file, checked as in `open`. The caller closes it.
   * @throws as `open`
   */
  abstract openFile(key: BlobKey, name: string): Promise<StoredFile>;

  /** @throws as `open` */
  abstract manifest(key: BlobKey): Promise<Manifest>;

  /** Does nothing if the key does not exist. */
  abstract delete(key: BlobKey): Promise<void>;

  /** Keys of all published folders of a kind, in no particular order. */
  abstract keys(kind: BlobKind): Promise<BlobKey[]>;

  /**
   * Moves all folders of a kind without a known key out of the store, without deleting them. A crash between
   * publishing and storing the row leaves such a folder. Restoring an older database does too.
   */
  abstract setAsideUnknown(kind: BlobKind, known: ReadonlySet<BlobKey>): Promise<void>;

  /** Number of published folders of a kind, the size of their files, and the number of damaged folders. */
  abstract usage(kind: BlobKind): Promise<BlobUsage>;

  /**
   * For the readiness check.
   * @throws if nothing can be read or written; a full disk is not an error
   */
  abstract check(): Promise<void>;
}

/** A folder that is being written. It is flat. */
export interface StagedFolder {
  readonly path: string;

  /**
   * Hashes the files, writes the manifest, and makes everything durable and then visible under the key.
   * @param knownSums sha256 (hex) by name of files that the caller has already hashed; the others are hashed
   * here
   */
  publish(key: BlobKey, knownSums?: Readonly<Record<string, string>>): Promise<Manifest>;

  /** Removes the folder. Does nothing if it is already published or discarded. */
  discard(): Promise<void>;
}
