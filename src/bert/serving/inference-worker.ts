import { dirname } from 'node:path';
import { MessageChannel, parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { InferenceAnswer, InferenceBatch, InferenceWorkerData } from './inference-messages.js';
import { sentencesDimension } from '../onnx/classifier-graph.js';
import { readGraph } from '../onnx/loaded-graph.js';
import { packInputs } from './packed-inputs.js';

/** The thread that owns an ONNX Runtime session. It receives batches and sends logits, one after another. */
const host = parentPort;
if (!host) throw new Error('This file is the entry of a worker thread: it cannot be started by itself.');
const answer = (message: InferenceAnswer, transfer: ArrayBuffer[] = []) =>
  host.postMessage(message, transfer);

const { modelPath, threads } = workerData as InferenceWorkerData;
try {
  const session = await load();
  let work = Promise.resolve();
  host.on('message', (message: InferenceBatch | 'close') => {
    work = work.then(() => (message === 'close' ? close(session) : infer(session, message)));
  });
  answer({ type: 'ready' });
} catch (error) {
  answer({ type: 'unusable', reason: (error as Error).message });
  host.close();
}

async function load(): Promise<InferenceSession> {
  const graph = readGraph(modelPath);
  const session = await InferenceSession.create(graph, sessionOptions(dirname(modelPath), threads));
  // ONNX Runtime has copied it. An idle thread would otherwise keep it until the next garbage collection.
  discard(graph.buffer);
  try {
    // The first computation is slower because it allocates memory. No request should wait for that.
    await compute(session, new Int32Array(13), Int32Array.of(8, 5));
    return session;
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Frees the memory of a buffer at once. */
function discard(buffer: ArrayBuffer): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, [buffer]);
  port1.close();
  port2.close();
}

async function infer(session: InferenceSession, { id, tokenIds, lengths }: InferenceBatch): Promise<void> {
  const started = performance.now();
  try {
    const logits = await compute(session, tokenIds, lengths);
    const seconds = (performance.now() - started) / 1000;
    answer({ type: 'logits', id, logits, seconds }, [logits.buffer]);
  } catch (error) {
    answer({ type: 'failed', id, reason: (error as Error).message });
  }
}

async function compute(
  session: InferenceSession,
  tokenIds: Int32Array,
  lengths: Int32Array,
): Promise<Float32Array<ArrayBuffer>> {
  const { inputIds, attentionMask, shape, order } = packInputs(tokenIds, lengths, takesSharedRows(session));
  const { logits } = await session.run({
    input_ids: new Tensor('int64', inputIds, shape),
    attention_mask: new Tensor('int64', attentionMask, shape),
  });
  // Copy: the runtime's own memory cannot be transferred to another thread.
  const inOrder = new Float32Array(2 * lengths.length);
  const computed = logits!.data as Float32Array;
  order.forEach((sentence, i) => inOrder.set(computed.subarray(2 * i, 2 * i + 2), 2 * sentence));
  return inOrder;
}

/**
 * Graphs of versions registered earlier take one sentence per row. They name the first dimension of their
 * logits accordingly.
 */
function takesSharedRows({ outputMetadata: [logits] }: InferenceSession): boolean {
  return logits!.isTensor && logits!.shape[0] === sentencesDimension;
}

async function close(session: InferenceSession): Promise<void> {
  await session.release();
  host!.close();
}

/**
 * How a session is made that serves a model.
 * @param folder where the weights lie that the graph points to.
 */
function sessionOptions(folder: string, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // It remembers how memory is used for every shape of batch that ever came, and how many tokens there are it cannot foresee.
    enableMemPattern: false,
    // Threads that have nothing to do look out for work so long before they sleep (ONNX Runtime's
    // `onnxruntime_session_options_config_keys.h`). By default they keep a core busy for 35 ms after every batch, which others need:
    // the event loop, a training. Without it, a batch of MiniLM takes a fifth longer on idle cores; this costs neither.
    extra: {
      session: {
        intra_op: { spin_duration_us: '50' },
        model_external_initializers_file_folder_path: folder,
      },
    },
    // Warnings would go to the console past the log; errors are thrown.
    logSeverityLevel: 4,
  };
}
