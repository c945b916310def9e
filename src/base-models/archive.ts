import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { SourceError } from './source.js';

export interface WantedMember {
  /** Path in the archive. */
  member: string;
  /** Path of the file to write. It must not exist yet. */
  to: string;
  /** The maximum size, both stated and unpacked. A larger member is refused. */
  maxBytes: number;
  /** Whether a missing member is skipped. */
  optional?: boolean;
}

/**
 * Extracts files from a zip archive. It only looks at the requested members, by their exact paths. No name
 * from the archive becomes a path on the disk.
 * @throws SourceError if the archive is damaged, or a member is missing, duplicated, encrypted or too large
 */
export async function extractMembers(
  archive: string,
  wanted: readonly WantedMember[],
  signal: AbortSignal,
): Promise<void> {
  const open = new Map(wanted.map((item) => [item.member, item]));
  try {
    const zip = await yauzl.openPromise(archive, { autoClose: false, strictFileNames: true });
    try {
      let members = 0;
      for await (const entry of zip.eachEntry()) {
        signal.throwIfAborted();
        if (++members > maxMembers) throw new SourceError(`the archive has more than ${maxMembers} members`);
        const item = wanted.find(({ member }) => member === entry.fileName);
        if (!item) continue;
        if (!open.delete(item.member)) throw new SourceError(`the archive holds ${item.member} twice`);
        if (entry.isEncrypted()) throw new SourceError(`${item.member} in the archive is encrypted`);
        if (entry.uncompressedSize > item.maxBytes) throw tooLarge(item);
        const stream = await zip.openReadStreamPromise(entry);
        await pipeline(stream, atMost(item), createWriteStream(item.to, { flags: 'wx' }), { signal });
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    throw new SourceError(`the archive cannot be read (${(error as Error).message})`);
  }
  for (const { member, optional } of open.values()) {
    if (!optional) throw new SourceError(`the archive lacks ${member}`);
  }
}

const maxMembers = 100_000;

function atMost(item: WantedMember): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > item.maxBytes) done(tooLarge(item));
      else done(null, chunk);
    },
  });
}

function tooLarge({ member, maxBytes }: WantedMember): SourceError {
  return new SourceError(`${member} in the archive is larger than the ${maxBytes} bytes that it may have`);
}
