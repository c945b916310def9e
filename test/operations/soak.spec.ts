import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/storage/sqlite.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { bytesOf, metricIn, sampleProcess } from './support/process-watch.js';
import { SoakLoad } from './support/soak-load.js';
import { trendOf, writeSoakReport, type SoakSample } from './support/soak-report.js';

/*
 * Everything that users do, at once and for a long time: nothing fails, and what the service uses does not grow. For how long says
 * WELLFORMED_SOAK_MINUTES, 30 by default; below ten minutes memory has not settled, and what it says then is little.
 */

const minutes = Number(process.env.WELLFORMED_SOAK_MINUTES ?? 30);
const SAMPLE_MS = 5000;
const root = fileURLToPath(new URL('../../', import.meta.url));

const why = existsSync('/proc/self/status')
  ? undefined
  : 'what a process uses is read from /proc, which is on Linux alone';
if (why) console.warn(`The soak is skipped: ${why}.`);

describe.skipIf(why !== undefined)(`${minutes} minutes of mixed work`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-soak-'));
  const data = path.join(folder, 'data');
  const samples: SoakSample[] = [];
  let service: RunningService;
  let load: SoakLoad;
  let after: ReturnType<typeof sampleProcess>;

  const take = async (started: number) => {
    const page = await (await fetch(`${service.url}/metrics`)).text();
    samples.push({
      seconds: (performance.now() - started) / 1000,
      ...sampleProcess(service.pid),
      heapMiB: metricIn(page, 'nodejs_heap_size_used_bytes')! / 2 ** 20,
      dataMiB: bytesOf(data) / 2 ** 20,
      tensors: metricIn(page, 'wellformed_training_engine_tensors'),
    });
  };

  const isAtRest = ({ openFiles, threads }: ReturnType<typeof sampleProcess>) =>
    openFiles < trendOf(samples, 'openFiles').median && threads <= trendOf(samples, 'threads').median;

  /** Again and again, so that a soak that is broken off leaves one too. */
  const report = () => {
    const { done, errors } = load;
    return writeSoakReport(path.join(root, '.engine/operations'), { minutes, done, errors, samples });
  };

  beforeAll(
    async () => {
      cpSync(path.join(root, 'test/goldens/tiny-bert'), path.join(data, 'base-models/tiny-bert'), {
        recursive: true,
      });
      service = await startServiceProcess({ data });
      load = new SoakLoad(service.url);
      await load.prepare();

      const started = performance.now();
      const working = load.run();
      while (performance.now() - started < minutes * 60_000) {
        await take(started);
        report();
        await sleep(SAMPLE_MS);
      }
      load.stop();
      await working;
      // Connections that are kept for further requests end by themselves, and so does what models leave.
      for (let waited = 0; waited < 60; waited++) {
        after = sampleProcess(service.pid);
        if (isAtRest(after)) break;
        await sleep(1000);
      }
    },
    (minutes + 5) * 60_000,
  );
  afterAll(async () => {
    load.stop();
    console.log(`The report: ${report()}`);
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  it('does all of it, without an error', () => {
    expect(load.errors).toEqual([]);
    for (const [what, times] of Object.entries(load.done)) expect(times, what).toBeGreaterThan(1);
    expect(service.logs()).not.toMatch(/ERROR|This is a bug|"level":"(error|fatal)"/);
  });

  it('uses no more memory', () => {
    const resident = trendOf(samples, 'residentMiB');
    expect(resident.growth).toBeLessThan(0.05 * resident.median);
    const heap = trendOf(samples, 'heapMiB');
    expect(heap.growth).toBeLessThan(0.1 * heap.median);
  });

  it('uses no more files, threads and tensors', () => {
    // How much of it is loaded changes from moment to moment: what counts is that it does not grow, and that rest takes less than work.
    expect(isAtRest(after)).toBe(true);
    expect(trendOf(samples, 'openFiles').growth).toBeLessThan(5);
    expect(trendOf(samples, 'threads').growth).toBeLessThan(3);
    expect(trendOf(samples, 'tensors').growth).toBeLessThan(1);
    expect(samples.some(({ tensors }) => tensors !== undefined)).toBe(true);
  });

  it('leaves nothing behind', async () => {
    expect(trendOf(samples, 'dataMiB').growth).toBeLessThan(2);
    expect(readdirSync(path.join(data, 'staging'))).toEqual([]);
    const listed = async (what: string) => {
      const { items } = (await (await fetch(`${service.url}/${what}?limit=100`)).json()) as {
        items: { id: string }[];
      };
      return items.map(({ id }) => id).sort();
    };
    expect(readdirSync(path.join(data, 'models')).sort()).toEqual(await listed('models'));
    expect(readdirSync(path.join(data, 'datasets')).sort()).toEqual(await listed('datasets'));
    const database = new Database(path.join(data, 'wellformed.sqlite'), { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });
});
