import { describe, expect, it } from 'vitest';
import { TrainingThread, type ProgressMessage, type ThreadOptions } from './training-thread.js';
import type { TrainingJob } from './worker/messages.js';

/** A real thread that runs the given lines. */
function thread(
  lines: string,
  options: ThreadOptions = {},
  listener?: (message: ProgressMessage) => void,
): { thread: TrainingThread; heard: ProgressMessage[] } {
  const source = `import { parentPort } from 'node:worker_threads';\n${lines}`;
  const entry = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const heard: ProgressMessage[] = [];
  return {
    thread: new TrainingThread({} as TrainingJob, listener ?? ((message) => heard.push(message)), {
      ...options,
      entry,
    }),
    heard,
  };
}

describe('TrainingThread', () => {
  it('passes messages on and gives the last one as outcome', async () => {
    const { thread: subject, heard } = thread(`
      parentPort.postMessage({ type: 'phase', phase: 'training' });
      parentPort.postMessage({ type: 'finished', files: [] });`);
    expect(await subject.outcome).toEqual({ type: 'finished', files: [] });
    expect(heard).toEqual([{ type: 'phase', phase: 'training' }]);
  });

  it('names an uncaught error', async () => {
    expect(await thread(`throw new TypeError('the weights are gone')`).thread.outcome).toEqual({
      type: 'crashed',
      title: 'The training thread crashed',
      detail: 'TypeError: the weights are gone',
    });
  });

  it('tells of an exit without a word', async () => {
    expect(await thread(`process.exit(3)`).thread.outcome).toMatchObject({
      type: 'crashed',
      detail: expect.stringContaining('code 3'),
    });
  });

  it('tells of a heap that ran full, with advice', async () => {
    const { thread: subject } = thread(
      `const held = [];
      for (;;) held.push(new Array(10_000).fill(0).map((_, i) => ({ i })));`,
      { resourceLimits: { maxOldGenerationSizeMb: 32 } },
    );
    expect(await subject.outcome).toMatchObject({
      type: 'crashed',
      title: 'The training ran out of memory',
      detail: expect.stringContaining('smaller batchSize'),
    });
  });

  it('fails, and does not end the service, where a message cannot be taken', async () => {
    const lines = `parentPort.postMessage({ type: 'phase', phase: 'training' }); setInterval(() => {}, 1000);`;
    const { thread: subject } = thread(lines, {}, () => {
      throw new Error('This is a bug: nobody expected it.');
    });
    expect(await subject.outcome).toMatchObject({
      type: 'crashed',
      detail: 'Error: This is a bug: nobody expected it.',
    });
  });

  it('stops a worker that listens', async () => {
    const { thread: subject } = thread(`
      parentPort.on('message', ({ type }) => {
        parentPort.postMessage({ type: type === 'stop' ? 'stopped' : 'failed' });
        parentPort.close();
      });`);
    subject.stop();
    expect(await subject.outcome).toEqual({ type: 'stopped' });
  });

  it('ends a worker by force that does not', async () => {
    const { thread: subject } = thread(`for (;;);`, { grace: 300 });
    const since = Date.now();
    subject.stop();
    expect(await subject.outcome).toEqual({ type: 'stopped' });
    expect(Date.now() - since).toBeLessThan(10_000);
  });

  it('ends a thread that lingers after its last word', async () => {
    const { thread: subject } = thread(
      `parentPort.postMessage({ type: 'stopped' }); setInterval(() => {}, 1000);`,
      { grace: 300 },
    );
    expect(await subject.outcome).toEqual({ type: 'stopped' });
  });
});
