import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { RunSummaryDto, SweepDto } from '../../packages/client/src/index.js';
import { nativeEngine } from '../support/engines.js';
import type { RunningService } from '../support/service-process.js';
import { startTrainer, tinyBaseModels } from '../support/trainer.js';

/*
 * The article's grid on the sample data, with the tiny BERT: once undisturbed, and once by a service that is killed again and again. Both
 * come to the same table, and each run is there once. SWEEP_GRID=small tries four runs in place of eighteen.
 */

const isSmall = process.env.SWEEP_GRID === 'small';
const space = isSmall ? { epochs: 2, batchSize: [16, 32], learningRate: [5e-5, 3e-5] } : undefined;
const RUNS = isSmall ? 4 : 18;
/** Each kill hits another run, so that none is killed as often as it may be restarted. */
const KILLS = isSmall ? 3 : 12;

const baseModels = tinyBaseModels();
const folders: string[] = [];
let last: RunningService | undefined;
afterAll(async () => {
  await last?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function startIn(data: string): Promise<RunningService> {
  // The epochs are short: else there would be no checkpoint to go on from.
  const settings = { WELLFORMED_ENGINE: nativeEngine ?? 'wasm', WELLFORMED_CHECKPOINT_INTERVAL: '1 s' };
  last = await startTrainer(baseModels, { data, settings });
  return last;
}

async function begin(service: RunningService): Promise<string> {
  const [datasetId, validationDatasetId] = await Promise.all(
    ['sample-training', 'sample-validation'].map(async (name) => {
      const file = fileURLToPath(new URL(`../../samples/${name}.tsv`, import.meta.url));
      return (await service.client.upload(await readFile(file, 'utf8'), { name })).id;
    }),
  );
  const body = {
    datasetId: datasetId!,
    validationDatasetId: validationDatasetId!,
    baseModel: 'tiny-bert',
    space,
  };
  return ((await service.client.api.sweeps.create({ body })) as SweepDto).id;
}

async function runsOf(service: RunningService, sweep: string): Promise<RunSummaryDto[]> {
  return (await service.client.api.training.list({ query: { sweep, limit: 100 } })).items.reverse();
}

async function untilEnded(service: RunningService, id: string): Promise<SweepDto> {
  for (;;) {
    const sweep = await service.client.api.sweeps.get({ path: { id } });
    if (sweep.finishedAt !== null) return sweep;
    await delay(250);
  }
}

/** Of a folder that is not there until it is needed. */
function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** What a sweep came to, without what is named anew each time. */
async function outcomeOf(service: RunningService, id: string) {
  const sweep = await untilEnded(service, id);
  const { combinations, effects } = await service.client.api.sweeps.results({ path: { id } });
  const runs = await runsOf(service, id);
  const models = readdirSync(path.join(service.data, 'models'));
  expect(sweep).toMatchObject({ status: 'succeeded', runCount: RUNS });
  expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: RUNS }, () => 'succeeded'));
  // The model of the best run alone, and it is production.
  expect(models).toEqual([sweep.best!.modelId]);
  expect((await service.client.model(models[0]!)).aliases).toEqual(['production']);
  expect(namesIn(path.join(service.data, 'checkpoints'))).toEqual([]);
  const { mcc, hyperparameters } = sweep.best!;
  const table = combinations.map(({ runs, ...combination }) => ({
    ...combination,
    runs: runs.map(({ seed, mcc, epochs }) => ({ seed, mcc, epochs })),
  }));
  return { best: { mcc, hyperparameters }, table, effects };
}

it(
  `a sweep of ${RUNS} runs comes to the same table with ${KILLS} kills`,
  { timeout: 3_600_000 },
  async () => {
    const [calm, shaken] = ['calm', 'shaken'].map((name) => {
      const folder = mkdtempSync(path.join(tmpdir(), `wellformed-sweep-${name}-`));
      folders.push(folder);
      return folder;
    });
    const undisturbed = await startIn(calm!);
    const expected = await outcomeOf(undisturbed, await begin(undisturbed));
    await undisturbed.stop();

    let service = await startIn(shaken!);
    const id = await begin(service);
    for (let kill = 0; kill < KILLS; kill++) {
      // At another moment of each run: as it starts, in the middle, at its end and between two.
      const isNow = (runs: RunSummaryDto[]) =>
        runs.length > kill + 1 || (runs[kill]?.progress ?? -1) >= (kill % 5) / 5;
      while (!isNow(await runsOf(service, id))) await delay(10);
      await service.kill();
      service = await startIn(shaken!);
    }
    const outcome = await outcomeOf(service, id);
    const runs = await runsOf(service, id);
    const restarts = runs.reduce((sum, run) => sum + run.restarts, 0);
    await service.stop();
    const fromCheckpoints = runs.filter(
      ({ resumption }) => resumption !== null && resumption.step > 0,
    ).length;
    console.log(
      `${runs.length} runs, ${KILLS} kills, ${restarts} restarts, ${fromCheckpoints} of them from a checkpoint; best MCC ${outcome.best.mcc}`,
    );
    expect(restarts).toBeGreaterThan(0);
    expect(outcome).toEqual(expected);
  },
);
