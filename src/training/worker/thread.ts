import { parentPort, workerData } from 'node:worker_threads';
import { JobTooLargeError } from '../../bert/fine-tuning/memory.js';
import { isSpaceError } from '../../common/disk-errors.js';
import { describeFailure, stackOf } from '../failure.js';
import { PauseError } from './checkpoints.js';
import { runJob, type JobControl } from './job.js';
import type { LastWord, ThreadMessage, TrainingJob, WorkerMessage } from './messages.js';

/** The thread of a training process that owns TensorFlow: one job, then it ends. */
const host = parentPort;
if (!host) throw new Error('This file is the entry of a worker thread: it cannot be started by itself.');
const tell = (message: WorkerMessage) => host.postMessage(message);

const stop = new AbortController();
const control: JobControl = { signal: stop.signal, wantsCheckpoint: false };
host.on('message', (message: ThreadMessage) => {
  if (message.type === 'checkpointFolder') return control.onFolder?.(message.path);
  control.wantsCheckpoint = message.checkpoint;
  stop.abort();
  if (!message.checkpoint) control.onFolder?.(null);
});

try {
  await runJob(workerData as TrainingJob, tell, control);
} catch (error) {
  tell(lastWord(error));
} finally {
  // Else the thread would wait for further messages.
  host.close();
}

function lastWord(error: unknown): LastWord {
  if (error instanceof PauseError) return { type: 'stopped', reason: error.message };
  if (stop.signal.aborted) return { type: 'stopped' };
  const failure = describeFailure(error);
  // The latest checkpoint is still there: the run may go on once there is room.
  if (error instanceof Error && isSpaceError(error)) return { type: 'stopped', reason: failure.message };
  const isForNow = error instanceof JobTooLargeError && error.code === 'job-too-large-now';
  return { type: 'failed', isForNow, ...failure, stack: stackOf(error) };
}
