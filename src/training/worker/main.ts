import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { shortage } from '../memory/training-room.js';
import { describeCrash, describeExit, endingSignals } from './crash.js';
import type { HostMessage, ProcessMessage, StartMessage } from './messages.js';

/*
 * The training process. Its main thread stays free, so that it hears the service whatever the training does; the thread that it starts
 * owns TensorFlow. It imports little, so that it is soon there.
 */

if (!process.send)
  throw new Error('This file is the entry of a training process: it cannot be started by itself.');
const tell = (message: ProcessMessage) => process.send!(message);

// Nobody is left who would take what it makes, and the next service may own the data folder already.
const end = () => process.kill(process.pid, 'SIGKILL');
process.on('disconnect', end);
if (!process.connected) end();

for (const signal of endingSignals) process.on(signal, () => undefined);

offerForEnding();

let thread: Worker | undefined;
process.on('message', (message: HostMessage) => {
  if (message.type === 'start') thread = start(message);
  else thread?.postMessage(message);
});

function start({ job, entry, resourceLimits }: StartMessage): Worker {
  const worker = new Worker(new URL(entry), {
    workerData: job,
    name: 'training',
    ...(resourceLimits ? { resourceLimits } : {}),
  });
  worker.on('message', tell);
  worker.on('error', (error) => tell({ type: 'crashed', ...describeCrash(error), stack: error.stack }));
  // After a last word nobody listens any more.
  worker.on('exit', (code) => tell({ type: 'crashed', ...describeExit(code) }));
  watchMemory(job.memoryLimit);
  return worker;
}

/** Tells how much memory the training takes, and ends it in order while there is some left: allocations of a step are soon made. */
function watchMemory(limit: number | null): void {
  let looks = 0;
  const watch = setInterval(() => {
    const residentBytes = process.memoryUsage.rss();
    const { user, system } = process.cpuUsage();
    if (looks++ % 4 === 0) tell({ type: 'usage', residentBytes, cpuSeconds: (user + system) / 1e6 });
    const reason = shortage(limit, residentBytes);
    if (!reason) return;
    clearInterval(watch);
    // The process is ended at its last word: the run goes on from its latest checkpoint.
    tell({ type: 'crashed', ...reason });
  }, 250);
}

/** Where memory runs out although it is watched, this process is the one for the system to end, not the service. */
function offerForEnding(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Only Linux has it.
  }
}
