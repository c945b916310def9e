import { parentPort, workerData } from 'node:worker_threads';
import { startEngine } from '../../bert/engines/start.js';
import { fineTune } from '../../bert/fine-tuning/fine-tune.js';
import type { Example } from '../../bert/fine-tuning/example.js';
import type { WeightSource } from '../../bert/weights/named-tensor.js';
import { parameterShapes } from '../../bert/weights/parameter-shapes.js';
import { describeFailure } from '../failure.js';
import type { ProbedMessage, ProbeJob, WorkerMessage } from './messages.js';

/*
 * A thread that trains for some seconds, on rows and weights of its own, to see how fast that goes here. What the rows say and what the
 * weights are changes nothing about it; only sizes do.
 */

const host = parentPort;
if (!host) throw new Error('This file is the entry of a worker thread: it cannot be started by itself.');
const tell = (message: WorkerMessage) => host.postMessage(message);

/** Enough to tell a few words apart: embeddings of pieces that never occur are not trained. */
const PIECES = 2000;
/** The first epoch warms the engine up. Where it took longer than this, in seconds, it is accurate enough itself. */
const LONG_EPOCH = 5;

try {
  tell(await probe(workerData as ProbeJob));
} catch (error) {
  tell({ type: 'failed', ...describeFailure(error) });
} finally {
  host.close();
}

async function probe({
  config,
  engine: preference,
  hyperparameters,
  lengths,
}: ProbeJob): Promise<ProbedMessage> {
  const engine = await startEngine(preference);
  const startSeconds = performance.now() / 1000;
  const small = { ...config, vocabSize: Math.min(PIECES, config.vocabSize) };
  const training = lengths.map((length, i): Example => {
    const tokenIds = Int32Array.from({ length }, (_, at) => (i * 131 + at * 31) % small.vocabSize);
    return { tokenIds, label: i % 2 === 0 ? 0 : 1 };
  });
  const shapes = parameterShapes(small);
  const weights: WeightSource = {
    shapes,
    read: (name) => {
      const shape = shapes.get(name)!;
      return {
        name,
        shape,
        data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.02),
      };
    },
    close: () => undefined,
  };
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const validation = training.slice(0, 1);
  const task = {
    engine,
    config: small,
    weights,
    training,
    validation,
    hyperparameters: { ...hyperparameters, epochs: 2 },
  };
  for await (const event of fineTune(task)) {
    if (event.type !== 'epoch' || (event.epoch === 1 && event.trainingSeconds < LONG_EPOCH)) continue;
    return { type: 'probed', secondsPerToken: event.trainingSeconds / tokens, startSeconds };
  }
  throw new Error('This is a bug: a training of two epochs had none.');
}
