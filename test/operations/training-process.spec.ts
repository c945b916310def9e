import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunDto } from '../../packages/client/src/index.js';
import { TrainingHost } from '../../src/training/training-host.js';
import { ask, formBytes, type Answer } from '../support/clients.js';
import { practiceRows } from '../support/practice-rows.js';
import { childrenOf } from '../support/processes.js';
import { seededFolder } from '../support/seeded-folder.js';
import type { RunningService } from '../support/service-process.js';
import { startService } from '../support/service.js';
import { makeMemoryGroup } from './support/control-group.js';
import { sampleProcess } from './support/process-watch.js';
import { startTrainedService } from './support/trained-service.js';

/*
 * Predictions survive whatever a training does, in a control group that has little memory too, and what trainings took comes back.
 */

const MIB = 2 ** 20;
const folders: string[] = [];
const newFolder = () => {
  folders.push(mkdtempSync(path.join(tmpdir(), 'wellformed-memory-')));
  return folders.at(-1)!;
};
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const group = makeMemoryGroup(`wellformed-test-${process.pid}`);
afterAll(() => group?.remove());

const rows = practiceRows(160, 1);
const post = (service: RunningService, fields: Record<string, string>, content = rows): Promise<Answer> =>
  ask(`${service.url}/train`, {
    method: 'POST',
    ...formBytes(content, { baseModel: 'tiny-bert', ...fields }),
  });
const runOf = async (service: RunningService, { text }: Answer) =>
  JSON.parse((await ask(`${service.url}/train/${(JSON.parse(text) as RunDto).id}`)).text) as RunDto;
const predict = (service: RunningService) =>
  ask(`${service.url}/predict`, {
    method: 'POST',
    body: 'We go.',
    headers: { 'content-type': 'text/plain' },
  });

/** Until it has ended; predictions are asked for all the while. */
async function ended(service: RunningService, started: Answer): Promise<{ run: RunDto; refused: Answer[] }> {
  expect(started.text).toContain('"status":"queued"');
  const refused: Answer[] = [];
  for (;;) {
    const answer = await predict(service);
    if (answer.status !== 200) refused.push(answer);
    const run = await runOf(service, started);
    if (run.finishedAt) return { run, refused };
  }
}

describe.skipIf(!group)('in a control group (skipped where this user may make none)', () => {
  let service: RunningService;
  afterAll(() => service.stop());

  it('a job that fits ends well, one that does not is refused, and one that outgrows the memory is ended with advice', async () => {
    group!.limit(4096 * MIB);
    service = await startTrainedService(newFolder(), {}, group!.enter);
    const first = await ended(service, await post(service, { epochs: '2', promote: 'never' }));
    expect([first.run.status, first.refused]).toEqual(['succeeded', []]);
    const needed = first.run.plan!.estimatedBytes;
    const { residentMiB } = sampleProcess(service.pid);

    // At the boundary: what the service holds, what a training was reckoned to need, what is kept free, and a little.
    const boundary = residentMiB * MIB + needed + 1.02 * (96 + 40) * MIB;
    group!.limit(Math.ceil(boundary));
    const second = await ended(service, await post(service, { epochs: '2', promote: 'never' }));
    expect([second.run.status, second.run.error, second.refused]).toEqual(['succeeded', null, []]);

    group!.limit(Math.ceil(residentMiB * MIB + needed - 20 * MIB));
    const refused = await post(service, { epochs: '2', promote: 'never' });
    expect(refused).toMatchObject({
      status: 409,
      text: expect.stringMatching(/needs about .* left.*smaller/s),
    });

    // Something else beside it takes what it was started with.
    group!.limit(Math.ceil(boundary + 300 * MIB));
    const fields = { epochs: '20', promote: 'never', maxRestarts: '0' };
    const third = await post(service, fields, practiceRows(4000, 1));
    expect(third).toMatchObject({ status: 202 });
    await expect.poll(async () => (await runOf(service, third)).step, { timeout: 60_000 }).toBeGreaterThan(0);
    const [program, ...args] = [...group!.enter, process.execPath, '-e', hog];
    const greedy = spawn(program!, args, { stdio: 'ignore' });
    const { run, refused: missed } = await ended(service, third);
    greedy.kill('SIGKILL');
    await once(greedy, 'exit');
    expect(run).toMatchObject({
      status: 'failed',
      error: {
        code: 'out-of-memory',
        message: expect.stringContaining('smaller batchSize'),
        param: 'batchSize',
      },
    });
    expect(missed).toEqual([]);
    expect(childrenOf(service.pid)).toEqual([]);
  });
});

/** Takes more and more memory, to the end. */
const hog = `const held = []; setInterval(() => held.push(Buffer.alloc(4 * 2 ** 20, 1)), 20);`;

it('25 trainings that are ended by force, in whatever they do, leave predictions alone', async () => {
  const { path: data } = await seededFolder();
  folders.push(data);
  const service = await startService(data);
  try {
    const predictions: number[] = [];
    for (let training = 0; training < 25; training++) {
      const { id } = await service.client.start({ file: rows, epochs: 20, promote: 'never' });
      const run = () => service.client.run(id);
      const predict = async () =>
        predictions.push((await service.client.request('POST', '/predict', { sentence: 'We go.' })).status);
      // Each at another moment: while the engine loads, in a step, in an evaluation.
      while ((await run()).status === 'queued') await predict();
      for (const until = Date.now() + 120 * training; Date.now() < until;) await predict();
      service.app.get(TrainingHost).stop(id, { status: 'cancelled' }, 0);
      while (!(await run()).finishedAt) await predict();
      expect(await run()).toMatchObject({ status: 'cancelled', error: null });
      expect(childrenOf(process.pid).filter((pid) => isTraining(pid))).toEqual([]);
    }
    expect(predictions.length).toBeGreaterThan(25);
    expect(predictions.filter((status) => status !== 200)).toEqual([]);
  } finally {
    await service.stop();
  }
});

const isTraining = (pid: number) =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('training/worker/main');

it('50 trainings leave the service as small as they found it', async () => {
  const service = await startTrainedService(newFolder());
  try {
    const resident: number[] = [];
    for (let training = 0; training < 50; training++) {
      const { run } = await ended(service, await post(service, { epochs: '1', promote: 'never' }));
      expect([run.status, run.error]).toEqual(['succeeded', null]);
      resident.push(sampleProcess(service.pid).residentMiB);
    }
    // The kernel may take idle pages away for a while: the least of some samples says little.
    const median = (samples: number[]) => samples.sort((a, b) => a - b)[samples.length >> 1]!;
    console.log(`Resident, in MiB: ${resident.map((mebibytes) => mebibytes.toFixed(0)).join(' ')}`);
    expect(median(resident.slice(40)) - median(resident.slice(10, 20))).toBeLessThan(15);
    expect(childrenOf(service.pid)).toEqual([]);
  } finally {
    await service.stop();
  }
  // Five to fifteen seconds each.
}, 1_200_000);
