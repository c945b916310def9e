import { Worker } from 'node:worker_threads';
import { InvalidModelError } from '../errors.js';
import type { InferenceAnswer, InferenceBatch, InferenceWorkerData } from './inference-messages.js';

/** Result of a batch. */
export interface BatchLogits {
  /** [sentences, 2] */
  logits: Float32Array;
  /** Duration of the computation, without waiting. */
  seconds: number;
}

/**
 * ONNX Runtime in its own thread. Despite its promises, onnxruntime-node computes and loads synchronously and
 * would block the event loop of its caller.
 */
export class InferenceThread {
  private readonly waiting = new Map<number, Waiter>();
  private readonly ended: Promise<void>;
  private nextId = 0;
  /** Why no more batches can be computed. */
  private gone: string | undefined;

  /** @throws InvalidModelError if ONNX Runtime cannot load the model. */
  static async start(data: InferenceWorkerData): Promise<InferenceThread> {
    // Otherwise ONNX Runtime sends telemetry to its makers. The setting only works on the main thread, whose
    // environment is that of the process.
    process.env.ORT_DISABLE_TELEMETRY ??= '1';
    const worker = new Worker(new URL('./inference-worker.js', import.meta.url), {
      workerData: data,
      name: 'inference',
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', (answer: InferenceAnswer) => {
        if (answer.type !== 'unusable') return resolve();
        reject(
          new InvalidModelError(
            `ONNX Runtime cannot load ${data.modelPath} (${answer.reason}). ` +
              'The files may be damaged, or they do not belong together.',
          ),
        );
      });
      worker.once('error', reject);
      worker.once('exit', (code) =>
        reject(new Error(`The inference thread ended with code ${code} while loading.`)),
      );
    });
    return new InferenceThread(worker);
  }

  private constructor(private readonly worker: Worker) {
    worker.on('message', (answer: InferenceAnswer) => this.settle(answer));
    let crash: Error | undefined;
    worker.on('error', (error) => (crash = error));
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.gone ??= `The inference thread ended (${crash?.message ?? `code ${code}`}). Load the model again.`;
        for (const { reject } of this.waiting.values()) reject(new Error(this.gone));
        this.waiting.clear();
        resolve();
      });
    });
  }

  /**
   * Computes sentences together. Batches run one after another.
   * @param sentences token ids of each, [CLS] … [SEP].
   * @throws Error after {@link close}, or if ONNX Runtime fails.
   */
  run(sentences: readonly (readonly number[])[]): Promise<BatchLogits> {
    if (this.gone !== undefined) return Promise.reject(new Error(this.gone));
    const batch: InferenceBatch = {
      id: this.nextId++,
      tokenIds: Int32Array.from(sentences.flat()),
      lengths: Int32Array.from(sentences, (tokenIds) => tokenIds.length),
    };
    return new Promise((resolve, reject) => {
      this.waiting.set(batch.id, { resolve, reject });
      this.worker.postMessage(batch, [batch.tokenIds.buffer, batch.lengths.buffer]);
    });
  }

  /** Lets pending batches finish, then frees the memory. */
  async close(): Promise<void> {
    if (this.gone === undefined) {
      this.gone = 'The model has been closed. Load it again to use it.';
      this.worker.postMessage('close');
    }
    await this.ended;
  }

  private settle(answer: InferenceAnswer): void {
    if (answer.type !== 'logits' && answer.type !== 'failed') return;
    const promise = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.type === 'logits') promise?.resolve({ logits: answer.logits, seconds: answer.seconds });
    else promise?.reject(new Error(`ONNX Runtime could not compute a batch: ${answer.reason}`));
  }
}

interface Waiter {
  resolve: (logits: BatchLogits) => void;
  reject: (error: Error) => void;
}
