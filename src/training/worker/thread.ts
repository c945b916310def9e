import { parentPort, workerData } from 'node:worker_threads';
import { runJob } from './job.js';
import type { HostMessage, TrainingJob, WorkerMessage } from './messages.js';
import { describeFailure, stackOf } from '../failure.js';

/** The thread of a training process that owns TensorFlow: one job, then it ends. */
const host = parentPort;
if (!host) throw new Error('This file is the entry of a worker thread: it cannot be started by itself.');
const tell = (message: WorkerMessage) => host.postMessage(message);

const stop = new AbortController();
host.on('message', (message: HostMessage) => {
  if (message.type === 'stop') stop.abort();
});

try {
  await runJob(workerData as TrainingJob, tell, stop.signal);
} catch (error) {
  tell(
    stop.signal.aborted
      ? { type: 'stopped' }
      : { type: 'failed', ...describeFailure(error), stack: stackOf(error) },
  );
} finally {
  // Else the thread would wait for further messages.
  host.close();
}
