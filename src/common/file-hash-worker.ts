// A thread that hashes the file it is given and tells the sha256 in lower-case hex.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const hash = createHash('sha256');
const buffer = Buffer.alloc(2 ** 20);
const file = openSync(workerData as string, 'r');
try {
  for (let read = -1; read !== 0;) {
    read = readSync(file, buffer, 0, buffer.length, null);
    hash.update(buffer.subarray(0, read));
  }
} finally {
  closeSync(file);
}
parentPort!.postMessage(hash.digest('hex'));
