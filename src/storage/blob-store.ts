import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** What a folder in the store is for; the first part of its key. */
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

/** What a published folder holds. The file `manifest.json` itself is not listed. */
export interface Manifest {
  files: ManifestFile[];
}

export interface BlobUsage {
  folders: number;
  bytes: number;
  /** Folders of which a reader has found a file that is not what was stored, and that have not been mended or deleted since. */
  damaged: number;
}

/** A file that was compared with its manifest, open for reading. Whatever is deleted meanwhile, it can be read to its end. */
export interface StoredFile {
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly handle: FileHandle;
  /** To ask when it has been read. @throws DamagedError where it is not what was compared any more */
  assertUnchanged(): Promise<void>;
  /**
   * Its bytes from `start` on, as many as come before `end`, as a stream that closes the file.
   * It fails before the last of them where the file was changed meanwhile.
   */
  read(range: { start: number; end: number }): Readable;
}

/**
 * Where datasets, checkpoints and model files lie. A key names a flat folder of files that never changes once it is
 * published: it is there whole, or not at all. There is no way to read what has not been compared with its manifest.
 */
export abstract class BlobStore {
  /** A new folder to write into. It is lost unless it is published. */
  abstract stage(): Promise<StagedFolder>;

  /**
   * Path of a local folder with what lies under the key. The files that will be read are compared with the manifest first, by
   * their sha256. What was compared is remembered as long as the file stays as it is, so asking again costs little.
   * @param names of those files; all that the manifest names, if it is left out
   * @throws DamagedError where one is missing, or is not what the manifest says
   * @throws NotFoundError where the folder has been deleted
   */
  abstract open(key: BlobKey, names?: readonly string[]): Promise<string>;

  /**
   * Opens one file, compared as by `open`. The caller closes it.
   * @throws as `open` does
   */
  abstract openFile(key: BlobKey, name: string): Promise<StoredFile>;

  /** @throws as `open` does */
  abstract manifest(key: BlobKey): Promise<Manifest>;

  /** Does nothing where there is nothing. */
  abstract delete(key: BlobKey): Promise<void>;

  /** Keys of everything published of a kind, in no order. */
  abstract keys(kind: BlobKind): Promise<BlobKey[]>;

  /**
   * Takes everything of a kind that is not among the known keys out of the store, without deleting it: a crash between publishing
   * and storing the row leaves such a folder, but so does an older database that somebody restored.
   */
  abstract setAsideUnknown(kind: BlobKind, known: ReadonlySet<BlobKey>): Promise<void>;

  /** How many folders of a kind are published, the size of their files, and how many are known to be damaged. */
  abstract usage(kind: BlobKind): Promise<BlobUsage>;

  /** @throws where nothing can be read or written, for the readiness check; that the disk is full is no such reason */
  abstract check(): Promise<void>;
}

/** A folder that is being written. Its files lie flat: no folders inside. */
export interface StagedFolder {
  readonly path: string;

  /**
   * Hashes the files, writes the manifest, makes all of it durable and visible under the key, in this order.
   * @param knownSums sha256 (hex) of files that the caller hashed already, by name: the others are read and hashed here
   */
  publish(key: BlobKey, knownSums?: Readonly<Record<string, string>>): Promise<Manifest>;

  /** Removes the folder. Does nothing once it is published or discarded. */
  discard(): Promise<void>;
}
