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
}

/**
 * Where datasets, checkpoints and model files lie. A key names a flat folder of files that never changes once it is
 * published: it is there whole, or not at all. Readers trust only what its manifest names.
 */
export abstract class BlobStore {
  /** A new folder to write into. It is lost unless it is published. */
  abstract stage(): Promise<StagedFolder>;

  /**
   * Path of a local folder with what lies under the key.
   * @throws NotFoundError where nothing was published under the key
   * @throws DamagedBlobError where a file that the manifest names is missing or has another size
   */
  abstract open(key: BlobKey): Promise<string>;

  /**
   * Reads files of a published folder and compares their sha256 with its manifest. What was compared is remembered as long as the
   * file stays as it is, so asking again costs little.
   * @param compared says of a file's name whether it is to be compared
   * @throws DamagedBlobError where one is not what the manifest says
   * @throws NotFoundError where nothing was published under the key
   */
  abstract verify(key: BlobKey, compared: (name: string) => boolean): Promise<void>;

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

  /** How many folders of a kind are published, and the size of their files. */
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

/** A published folder that is not what its manifest says. */
export class DamagedBlobError extends Error {
  override readonly name = 'DamagedBlobError';
}
