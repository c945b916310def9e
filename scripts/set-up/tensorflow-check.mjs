// Usage: node tensorflow-check.mjs FOLDER [--gpu]. Exits with 0 if the tfjs-node in FOLDER computes, with
// --gpu on a GPU, in two threads one after the other. A published addon is known to load only in the first
// thread of a process, but every training run has its own thread.
import { createRequire } from 'node:module';
import util from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

if (isMainThread) {
  const [folder, ...options] = process.argv.slice(2);
  const mustUseGpu = options.includes('--gpu');
  process.env.TF_CPP_MIN_LOG_LEVEL ??= mustUseGpu ? '0' : '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  let device;
  for (const turn of ['first', 'second']) device = await runThread(turn, folder);
  if (mustUseGpu && device !== 'gpu') {
    throw new Error(
      'there is an NVIDIA GPU, but TensorFlow computes on the CPU: its own lines above say why',
    );
  }
} else {
  parentPort.postMessage(multiply(workerData.folder));
}

function runThread(turn, folder) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { folder } });
    let device;
    worker.once('message', (message) => (device = message));
    worker.once('error', (error) => reject(new Error(`In the ${turn} thread: ${error.message}`)));
    worker.once('exit', (code) =>
      code === 0 ? resolve(device) : reject(new Error(`The ${turn} thread exited with ${code}`)),
    );
  });
}

function multiply(folder) {
  // Node 23 removed two functions that the package calls.
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  const tf = createRequire(import.meta.url)(folder);
  const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]])).dataSync(); // prettier-ignore
  if (tf.getBackend() !== 'tensorflow') throw new Error(`the backend is ${tf.getBackend()}`);
  if (product.join() !== '19,22,43,50')
    throw new Error(`a product of matrices came out as ${product.join()}`);
  return tf.backend().isUsingGpuDevice ? 'gpu' : 'cpu';
}
