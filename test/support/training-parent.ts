// Runs in a process that a test kills. It starts a training process whose thread runs the given code, and
// prints the process id.
import { TrainingProcess } from '../../src/training/training-process.js';
import type { TrainingJob } from '../../src/training/worker/messages.js';

const entry = new URL(`data:text/javascript,${encodeURIComponent(process.argv[2]!)}`);
let told = false;
const training = new TrainingProcess(
  { memoryLimit: null } as TrainingJob,
  () => {
    if (!told) process.send!(training.pid);
    told = true;
  },
  { entry },
);
