import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { compiled } from '../../../../test/support/compiled.js';
import type { WasmStep, WasmTraining } from '../../../../test/support/wasm-training.js';

const entry = compiled(new URL('../../../../test/support/wasm-training.ts', import.meta.url));

// Threads wait for each other: where others use the processors, that takes long.
vi.setConfig({ testTimeout: 180_000 });

/** Starts a thread that trains. */
function start(training: WasmTraining): { worker: Worker; steps: WasmStep[] } {
  const steps: WasmStep[] = [];
  const worker = new Worker(entry, { workerData: training });
  worker.on('message', (step: WasmStep) => steps.push(step));
  return { worker, steps };
}

/** Trains to the end, and gives the steps when the thread has ended by itself. */
async function train(training: WasmTraining): Promise<WasmStep[]> {
  const { worker, steps } = start(training);
  expect(await once(worker, 'exit')).toEqual([0]);
  return steps;
}

const losses = (steps: WasmStep[]) => steps.map(({ loss }) => loss);

describe('the WebAssembly engine', () => {
  it('computes the same, bit by bit, in any number of threads, also side by side', async () => {
    const [one, two, three] = (await Promise.all(
      [1, 2, 3].map((threads) => train({ threads, steps: 4 })),
    )) as [WasmStep[], WasmStep[], WasmStep[]];
    expect(one[0]!.description).toContain('in 1 thread ');
    expect(two[0]!.description).toContain('in 2 threads ');
    expect(three[0]!.description).toContain('in 3 threads ');
    expect(new Set(losses(one)).size).toBe(4);
    expect(losses(two)).toEqual(losses(one));
    expect(losses(three)).toEqual(losses(one));
  });

  it('holds as many tensors after a step as after the one before', async () => {
    const tensors = (await train({ threads: 2, steps: 3 })).map((step) => step.tensors);
    expect(new Set(tensors).size).toBe(1);
  });

  it('computes in one thread where there can be no others', async () => {
    const training = { threads: 2, steps: 2, withoutSharedMemory: true };
    const steps = await train(training);
    expect(steps[0]!.description).toContain('in 1 thread ');
    expect(losses(steps)).toEqual(losses(await train({ threads: 2, steps: 2 })));
  });
});

describe.runIf(process.platform === 'linux')('its threads', () => {
  it.runIf(availableParallelism() > 1)('really compute', async () => {
    expect(await busyThreads({ threads: 2, steps: 1e6 })).toBe(2);
    expect(await busyThreads({ threads: 1, steps: 1e6 })).toBe(1);
  });

  it('end with the thread that trains, also when that is ended by force', async () => {
    // Node starts threads of its own with the first.
    await train({ threads: 1, steps: 1 });
    const before = threadIds().length;
    const { worker } = start({ threads: 3, steps: 1e6 });
    await once(worker, 'message');
    expect(threadIds().length).toBeGreaterThanOrEqual(before + 3);
    await worker.terminate();
    expect(threadIds().length).toBe(before);
  });
});

/** How many of a training's threads have a share that counts in its work, from its second step on. */
async function busyThreads(training: WasmTraining): Promise<number> {
  const others = threadIds();
  const { worker } = start(training);
  await once(worker, 'message');
  const ids = threadIds().filter((id) => !others.includes(id));
  const before = ids.map(processorTime);
  let times: number[];
  let total: number;
  do {
    await once(worker, 'message');
    times = ids.map((id, i) => processorTime(id) - before[i]!);
    total = times.reduce((sum, time) => sum + time, 0);
  } while (total < 100);
  await worker.terminate();
  return times.filter((time) => time > total / 10).length;
}

function threadIds(): string[] {
  return readdirSync('/proc/self/task');
}

/** In hundredths of a second, of the process and the kernel: see proc_pid_stat(5). */
function processorTime(threadId: string): number {
  // The name of a thread comes first, in brackets, and may hold spaces.
  const fields = readFileSync(`/proc/self/task/${threadId}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
