import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { InferenceAnswer, InferenceBatch, InferenceWorkerData } from './inference-messages.js';

/** The thread that owns an ONNX Runtime session: batches in, logits out, one after another. */
const host = parentPort;
if (!host) throw new Error('This file is the entry of a worker thread: it cannot be started by itself.');
const answer = (message: InferenceAnswer, transfer: ArrayBuffer[] = []) =>
  host.postMessage(message, transfer);

const { modelPath, threads } = workerData as InferenceWorkerData;
try {
  const session = await InferenceSession.create(modelPath, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Warnings would go to the console past the log; errors are thrown.
    logSeverityLevel: 4,
  });
  let work = Promise.resolve();
  host.on('message', (message: InferenceBatch | 'close') => {
    work = work.then(() => (message === 'close' ? close(session) : infer(session, message)));
  });
  answer({ type: 'ready' });
} catch (error) {
  answer({ type: 'unusable', reason: (error as Error).message });
  host.close();
}

async function infer(session: InferenceSession, { id, tokenIds, lengths }: InferenceBatch): Promise<void> {
  try {
    const { logits } = await session.run(padded(tokenIds, lengths));
    const values = logits!.data as Float32Array;
    // A copy, since the runtime's own memory cannot be handed to another thread.
    const copy = values.slice();
    answer({ type: 'logits', id, logits: copy }, [copy.buffer]);
  } catch (error) {
    answer({ type: 'failed', id, reason: (error as Error).message });
  }
}

async function close(session: InferenceSession): Promise<void> {
  await session.release();
  host!.close();
}

function padded(tokenIds: Int32Array, lengths: Int32Array): Record<string, Tensor> {
  const longest = Math.max(...lengths);
  const shape = [lengths.length, longest];
  const inputIds = new BigInt64Array(lengths.length * longest);
  const attentionMask = new BigInt64Array(lengths.length * longest);
  let next = 0;
  lengths.forEach((length, row) => {
    for (let column = 0; column < length; column++) {
      inputIds[row * longest + column] = BigInt(tokenIds[next++]!);
      attentionMask[row * longest + column] = 1n;
    }
  });
  return {
    input_ids: new Tensor('int64', inputIds, shape),
    attention_mask: new Tensor('int64', attentionMask, shape),
  };
}
