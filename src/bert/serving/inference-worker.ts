import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { InferenceAnswer, InferenceBatch, InferenceWorkerData } from './inference-messages.js';
import { padInputs } from './padded-inputs.js';

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
  const started = performance.now();
  try {
    const { inputIds, attentionMask, shape } = padInputs(tokenIds, lengths);
    const { logits } = await session.run({
      input_ids: new Tensor('int64', inputIds, shape),
      attention_mask: new Tensor('int64', attentionMask, shape),
    });
    // A copy, since the runtime's own memory cannot be handed to another thread.
    const copy = (logits!.data as Float32Array).slice();
    const seconds = (performance.now() - started) / 1000;
    answer({ type: 'logits', id, logits: copy, seconds }, [copy.buffer]);
  } catch (error) {
    answer({ type: 'failed', id, reason: (error as Error).message });
  }
}

async function close(session: InferenceSession): Promise<void> {
  await session.release();
  host!.close();
}
