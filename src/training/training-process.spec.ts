import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compiled } from '../../test/support/compiled.js';
import { isRunning } from '../../test/support/processes.js';
import { TrainingProcess, type ProcessOptions, type ProgressMessage } from './training-process.js';
import type { TrainingJob } from './worker/messages.js';

const folder = mkdtempSync(path.join(tmpdir(), 'training-process-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A real process whose thread runs the given lines. */
function start(
  lines: string,
  options: ProcessOptions = {},
  listener?: (message: ProgressMessage) => void,
): { subject: TrainingProcess; heard: ProgressMessage[]; logged: string[]; printed: string[] } {
  const source = `import { parentPort, workerData } from 'node:worker_threads';\n${lines}`;
  const entry = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const heard: ProgressMessage[] = [];
  const logged: string[] = [];
  const printed: string[] = [];
  const hear = (message: ProgressMessage) => {
    if (message.type !== 'usage') heard.push(message);
  };
  const job = { folder, memoryLimit: null } as TrainingJob;
  const log = (line: string) => logged.push(line);
  const print = (line: string, source: string) => printed.push(`${source} ${line}`);
  const subject = new TrainingProcess(job, listener ?? hear, { log, print, ...options, entry });
  return { subject, heard, logged, printed };
}

const say = (message: object) => `parentPort.postMessage(${JSON.stringify(message)});`;
const linger = 'setInterval(() => {}, 1000);';
/** Keeps the thread busy without a turn of its event loop, as native code does. */
const hang = 'for (;;);';
const patience = { timeout: 20_000 };

describe('TrainingProcess', () => {
  it('passes messages on in order, with numbers that JSON has not, and gives the last one as outcome', async () => {
    const { subject, heard } = start(`
      for (let step = 0; step < 20_000; step++) parentPort.postMessage({ type: 'step', data: { step, loss: Infinity } });
      parentPort.postMessage({ type: 'finished', files: [] });`);
    expect(await subject.outcome).toEqual({ type: 'finished', files: [] });
    expect(heard).toHaveLength(20_000);
    expect(heard.every((message, step) => message.type === 'step' && message.data.step === step)).toBe(true);
    expect(heard[0]).toMatchObject({ data: { loss: Infinity } });
  });

  it('tells what it takes', async () => {
    let hear: (bytes: number) => void;
    const told = new Promise<number>((resolve) => (hear = resolve));
    const { subject } = start(linger, {}, (message) => {
      if (message.type === 'usage') hear(message.residentBytes);
    });
    expect(await told).toBeGreaterThan(2 ** 20);
    expect(subject.residentBytes).toBeGreaterThan(2 ** 20);
    subject.stop({ grace: 0 });
    await subject.outcome;
    expect(subject.residentBytes).toBe(0);
  });

  it('names an uncaught error', async () => {
    expect(await start(`throw new TypeError('the weights are gone')`).subject.outcome).toEqual({
      type: 'crashed',
      code: 'process-crashed',
      message: expect.stringMatching(
        /^The training thread crashed: TypeError: the weights are gone\. Start the run again/,
      ),
      param: null,
      stack: expect.stringMatching(/^TypeError: the weights are gone\n +at data:text/),
    });
  });

  it.each([
    ['that exits', `process.exit(3);`, 'code 3'],
    ['that native code aborts', `process.kill(process.pid, 'SIGABRT'); ${hang}`, 'SIGABRT'],
    ['that crashes in native code', `process.kill(process.pid, 'SIGSEGV'); ${hang}`, 'SIGSEGV'],
  ])('tells of a training %s without a word', async (_what, lines, reason) => {
    expect(await start(lines).subject.outcome).toMatchObject({
      type: 'crashed',
      code: 'process-crashed',
      message: expect.stringContaining(reason),
    });
  });

  it('tells of one that was killed from outside, with advice', async () => {
    const { subject } = start(hang, {}, () => process.kill(subject.pid!, 'SIGKILL'));
    expect(await subject.outcome).toMatchObject({
      type: 'crashed',
      code: 'process-killed',
      param: 'batchSize',
      message: expect.stringMatching(/memory runs out.*smaller batchSize/),
    });
  });

  it('tells of a heap that ran full, with advice', async () => {
    const { subject } = start(
      `const held = [];
      for (;;) held.push(new Array(10_000).fill(0).map((_, i) => ({ i })));`,
      { resourceLimits: { maxOldGenerationSizeMb: 32 } },
    );
    expect(await subject.outcome).toMatchObject({
      type: 'crashed',
      code: 'out-of-memory',
      message: expect.stringContaining('smaller batchSize'),
    });
  });

  it('gives what it prints to the log, line by line and within bounds, and its last words to the run', async () => {
    const { subject, logged, printed } = start(`
      console.log('one\\n\\u001b[31mtwo\\u001b[0m ' + 'x'.repeat(100_000));
      for (let line = 0; line < 1000; line++) console.error('noise');
      console.error('terminate called: what(): no cores');
      setTimeout(() => process.kill(process.pid, 'SIGABRT'), 200);`);
    expect(await subject.outcome).toMatchObject({
      message: expect.stringContaining('terminate called: what(): no cores'),
    });
    expect(logged).toHaveLength(201);
    expect(logged).toContain('one');
    expect(logged.find((line) => line.startsWith('two x'))).toHaveLength(991);
    expect(logged.at(-1)).toContain('left out');
    expect(printed).toHaveLength(1003);
    expect(printed).toContain('stdout one');
    expect(printed.at(-1)).toBe('stderr terminate called: what(): no cores');
  });

  it('fails, and does not end the service, where a message cannot be taken', async () => {
    const { subject } = start(`${say({ type: 'phase', phase: 'training' })} ${linger}`, {}, () => {
      throw new Error('This is a bug: nobody expected it.');
    });
    expect(await subject.outcome).toMatchObject({
      type: 'crashed',
      message: expect.stringContaining('Error: This is a bug: nobody expected it. '),
    });
  });

  it('stops a training that listens', async () => {
    const { subject } = start(`
      parentPort.on('message', ({ type }) => {
        parentPort.postMessage({ type: type === 'stop' ? 'stopped' : 'failed' });
      });`);
    subject.stop();
    expect(await subject.outcome).toEqual({ type: 'stopped' });
  });

  it('ends one by force that does not', async () => {
    const { subject } = start(hang, { grace: 300 });
    subject.stop();
    expect(await subject.outcome).toEqual({ type: 'stopped' });
  });

  it('ends one that lingers after its last word', async () => {
    const { subject } = start(`${say({ type: 'finished', files: [] })} ${hang}`);
    expect(await subject.outcome).toEqual({ type: 'finished', files: [] });
  });

  it('goes on where a terminal or a service manager ends all processes: that is for the service to say', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const { subject, heard } = start(
      `parentPort.on('message', () => parentPort.postMessage({ type: 'stopped' }));`,
      {},
      (message) => {
        if (message.type !== 'usage') heard.push(message);
        for (const signal of signals.splice(0)) process.kill(subject.pid!, signal);
        setTimeout(() => subject.stop(), 300);
      },
    );
    expect(await subject.outcome).toEqual({ type: 'stopped' });
  });

  it('ends a training that takes more than it may, and says what to do', async () => {
    const job = { folder, memoryLimit: 300 * 2 ** 20 } as TrainingJob;
    const source = `const held = []; setInterval(() => held.push(Buffer.alloc(5 * 2 ** 20, 1)), 10);`;
    const entry = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
    const subject = new TrainingProcess(job, () => undefined, { entry });
    expect(await subject.outcome).toMatchObject({
      type: 'crashed',
      code: 'out-of-memory',
      message: expect.stringMatching(/WELLFORMED_TRAINING_MEMORY allows 0\.3 GiB.*smaller batchSize/),
    });
  });

  it('gets no secrets of the service, and what TensorFlow reads', async () => {
    process.env.WELLFORMED_API_KEYS = 'secret';
    process.env.OTEL_EXPORTER_OTLP_HEADERS = 'secret';
    const file = path.join(folder, 'environment.json');
    const { subject } = start(`
      import { readFileSync, writeFileSync } from 'node:fs';
      writeFileSync(${JSON.stringify(file)}, readFileSync('/proc/self/environ'));
      ${say({ type: 'stopped' })}`);
    await subject.outcome;
    const environment = readFileSync(file, 'utf8').split('\0');
    expect(environment.filter((entry) => entry.includes('secret'))).toEqual([]);
    expect(environment).toContain('TF_ENABLE_ONEDNN_OPTS=1');
    expect(environment.find((entry) => entry.startsWith('PATH='))).toBeDefined();
  });

  it.runIf(process.platform === 'linux')(
    'is the one for the system to end where there is no memory',
    async () => {
      const { subject } = start(linger);
      await expect
        .poll(() => readFileSync(`/proc/${subject.pid}/oom_score_adj`, 'utf8').trim(), patience)
        .toBe('1000');
      subject.stop({ grace: 0 });
      await subject.outcome;
    },
  );

  it.runIf(process.platform === 'linux')(
    'ends with its parent, however that ended and whatever it does',
    async () => {
      const parent = fork(compiled(new URL('../../test/support/training-parent.ts', import.meta.url)), [
        hang,
      ]);
      const pid = await new Promise<number>((resolve) =>
        parent.once('message', (message) => resolve(message as number)),
      );
      expect(isRunning(pid)).toBe(true);
      parent.kill('SIGKILL');
      await expect.poll(() => isRunning(pid), patience).toBe(false);
    },
  );
});
