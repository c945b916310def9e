import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { writeCheckpoint, type FineTuningProgress } from '../../bert/fine-tuning/checkpoint.js';
import type { NamedTensor } from '../../bert/weights/named-tensor.js';
import type { ManifestFile } from '../../storage/blob-store.js';

/** What the thread gets. */
export interface CheckpointWork {
  folder: string;
  /** To be written into the first of the files; null: it is written already. */
  state: { progress: FineTuningProgress; tensors: NamedTensor[] } | null;
  /** A small file beside it: a disk that is busy may take its time for that, too. */
  details: { name: string; text: string };
  /** Names of the files whose sums are wanted. */
  files: string[];
}

/*
 * A thread that writes one checkpoint while the training goes on. It answers with the sums of the files once they are on the disk; an
 * error ends it. It computes them itself: in the training thread, each piece of a file would wait for the end of a step.
 */
const { folder, state, details, files } = workerData as CheckpointWork;
if (state) {
  const { progress, tensors } = state;
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  writeCheckpoint(path.join(folder, files[0]!), { progress, shapes, tensors: () => tensors });
}
writeFileSync(path.join(folder, details.name), details.text, { flush: true });
parentPort!.postMessage(files.map(sumOf));

function sumOf(name: string): ManifestFile {
  const file = path.join(folder, name);
  const hash = createHash('sha256');
  const handle = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(2 ** 22);
    for (let read = readSync(handle, chunk); read > 0; read = readSync(handle, chunk)) {
      hash.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(handle);
  }
  return { name, size: statSync(file).size, sha256: hash.digest('hex') };
}
