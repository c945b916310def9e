import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import yauzl from 'yauzl';
import type { SourceLocation, ZipMember } from './catalogue.js';

export interface DownloadOptions {
  /** Address of CoLA's archive. */
  colaUrl: string;
  signal: AbortSignal;
  /** Timeout for the start of the server's answer. */
  answerTimeoutMs?: number;
  /** Timeout for the whole download. */
  timeoutMs?: number;
}

/** A source did not provide the file. The message says why. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/**
 * Reads and checks the file of an entry. It is held in memory: the largest has half a megabyte, and a
 * download above the limit is refused.
 * @throws SourceError if the source cannot be reached or provides something else
 */
export async function readSource(source: SourceLocation, options: DownloadOptions): Promise<Buffer> {
  if (source.kind === 'shipped') return readFile(path.join(samples, source.file));
  const archive = await download(options.colaUrl, options);
  const content = await readMember(archive, source);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 !== source.sha256) {
    throw new SourceError(
      `${source.member} is not the expected file: its sha256 is ${sha256}, not ${source.sha256}`,
    );
  }
  return content;
}

/** The folder `samples/`. It lies beside `src/` and `dist/`, also in an image. */
export const samples = fileURLToPath(new URL('../../../samples', import.meta.url));

/** CoLA's archive has 255,330 bytes. */
const maxArchiveBytes = 4 * 2 ** 20;

const maxMembers = 1000;

async function download(url: string, options: DownloadOptions): Promise<Buffer> {
  const { signal, answerTimeoutMs = 10_000, timeoutMs = 60_000 } = options;
  const timeout = new AbortController();
  const giveUp = (what: string, after: number) =>
    setTimeout(() => timeout.abort(new Error(`${what} within ${after / 1000} s`)), after);
  const noAnswer = giveUp('no answer', answerTimeoutMs);
  const notWhole = giveUp('it did not arrive', timeoutMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, timeout.signal]) });
    clearTimeout(noAnswer);
    if (!response.ok) {
      await response.body?.cancel();
      throw new SourceError(`the server answered with status ${response.status}`);
    }
    return await atMost(response.body, maxArchiveBytes);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    // fetch puts the reason (ECONNREFUSED …) into `cause`.
    const { message, cause } = error as Error;
    throw new SourceError(cause instanceof Error && cause.message ? cause.message : message);
  } finally {
    clearTimeout(noAnswer);
    clearTimeout(notWhole);
  }
}

async function atMost(body: AsyncIterable<Uint8Array> | null, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > most) throw new SourceError(`the file has more than the ${most} bytes that it may have`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads one file of an archive by its exact path. yauzl stops if the unpacked size is not the size that the
 * archive states.
 */
async function readMember(archive: Buffer, { member, bytes }: ZipMember): Promise<Buffer> {
  try {
    const zip = await yauzl.fromBufferPromise(archive, { strictFileNames: true });
    let members = 0;
    for await (const entry of zip.eachEntry()) {
      if (++members > maxMembers) throw new SourceError(`the archive has more than ${maxMembers} members`);
      if (entry.fileName !== member) continue;
      if (entry.isEncrypted() || entry.uncompressedSize !== bytes) break;
      return await buffer(await zip.openReadStreamPromise(entry));
    }
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw new SourceError(`the archive cannot be read (${(error as Error).message})`);
  }
  throw new SourceError(`the archive has no ${member} of ${bytes} bytes`);
}
