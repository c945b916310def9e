import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';

/** sha256 of a file in lower-case hex, read as a stream. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash, { signal });
  return hash.digest('hex');
}

/** Files up to this size in bytes are hashed in less time than a thread takes to start. */
const SMALL = 2 ** 20;

/** The same, but large files are hashed in another thread, so that the event loop is not blocked. */
export async function sha256BesideEventLoop(path: string): Promise<string> {
  if ((await stat(path)).size <= SMALL) return sha256OfFile(path);
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./file-hash-worker.js', import.meta.url), {
      workerData: path,
      name: 'checksum',
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error(`${path} could not be hashed: the thread ended.`)));
  });
}
