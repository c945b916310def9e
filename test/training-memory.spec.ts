import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunDto } from '../packages/client/src/index.js';
import { sampleProcess } from './operations/support/process-watch.js';
import { ask, formBytes } from './support/clients.js';
import { formOf, problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { childrenOf } from './support/processes.js';
import { seededFolder } from './support/seeded-folder.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

let data: string;
beforeAll(async () => {
  ({ path: data } = await seededFolder());
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe.runIf(process.platform === 'linux')('the process of a training', () => {
  it(
    'takes and returns the memory of a training, and predictions are answered whatever becomes of it',
    { timeout: 180_000 },
    async () => {
      const service = await startServiceProcess({ data, settings: { WELLFORMED_ENGINE: 'auto' } });
      try {
        const predict = async () => {
          const headers = { 'content-type': 'text/plain' };
          const { status } = await ask(`${service.url}/predict`, { method: 'POST', body: 'We go.', headers });
          expect(status).toBe(200);
          await sleep(50);
        };
        const train = async (epochs: number) => {
          const fields = {
            baseModel: 'tiny-bert',
            epochs: String(epochs),
            promote: 'never',
            maxRestarts: '0',
          };
          const form = formBytes(practiceRows(400, 1), fields);
          const { text } = await ask(`${service.url}/train`, { method: 'POST', ...form });
          return (JSON.parse(text) as RunDto).id;
        };
        const run = async (id: string) =>
          JSON.parse((await ask(`${service.url}/train/${id}`)).text) as RunDto;
        await predict();
        const before = sampleProcess(service.pid).residentMiB;

        const first = await train(1);
        while (!(await run(first)).finishedAt) await predict();
        expect(await run(first)).toMatchObject({ status: 'succeeded' });
        expect(childrenOf(service.pid)).toEqual([]);
        expect(sampleProcess(service.pid).residentMiB - before).toBeLessThan(300);

        for (const signal of ['SIGKILL', 'SIGABRT', 'SIGSEGV'] as const) {
          const id = await train(20);
          while ((await run(id)).step === 0) await predict();
          process.kill(childrenOf(service.pid)[0]!, signal);
          while (!(await run(id)).finishedAt) await predict();
          expect((await run(id)).error!.message).toContain(signal);
        }
        await predict();
      } finally {
        await service.stop();
      }
    },
  );
});

describe('the memory of a training', () => {
  let service: RunningService;
  afterEach(() => service.stop());

  const start = async (trainingMemory: string) => {
    const settings = { WELLFORMED_ENGINE: 'wasm', WELLFORMED_TRAINING_MEMORY: trainingMemory };
    service = await startServiceProcess({ data, settings });
  };
  const post = () => {
    const body = formOf(practiceRows(160, 1), { baseModel: 'tiny-bert', epochs: '1', promote: 'never' });
    return fetch(`${service.url}/train`, { method: 'POST', body });
  };
  const ended = async () => {
    const { id } = (await (await post()).json()) as RunDto;
    await (await fetch(`${service.url}/train/${id}/events`)).text();
    return (await (await fetch(`${service.url}/train/${id}`)).json()) as RunDto;
  };

  it(
    'may be bounded: what needs just so much is trained, what needs more is refused',
    { timeout: 180_000 },
    async () => {
      await start('auto');
      const { plan } = await ended();
      await service.stop();

      await start(String(plan!.estimatedBytes));
      expect(await ended()).toMatchObject({ status: 'succeeded', error: null });
      await service.stop();

      await start('100 MiB');
      const { detail, errors } = await problemOf(await post(), 422);
      expect(detail).toMatch(
        /needs about 0\.\d GiB, but a training may take 0\.1 GiB here at most.*smaller batchSize/,
      );
      expect(errors).toMatchObject([{ pointer: '#/batchSize' }]);
    },
  );
});
