import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  DatasetPageDto,
  RunDto,
  RunPageDto,
  TrainingEstimateDto,
} from '../packages/client/src/index.js';
import { problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { seededFolder } from './support/seeded-folder.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

/** `POST /train?dryRun=true`. */
describe('the estimate of a training', { timeout: 120_000 }, () => {
  let folder: string;
  let service: RunningService;

  beforeAll(async () => {
    folder = (await seededFolder()).path;
    cpSync(path.join(folder, 'base-models/tiny-bert'), path.join(folder, 'base-models/tiny-other'), {
      recursive: true,
    });
    service = await startServiceProcess({
      data: folder,
      settings: { WELLFORMED_BASE_MODELS: path.join(folder, 'base-models') },
    });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const form = (fields: Record<string, string>, files: Record<string, string>) => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ baseModel: 'tiny-bert', ...fields })) form.set(name, value);
    for (const [name, rows] of Object.entries(files)) form.set(name, new Blob([rows]), `${name}.tsv`);
    return form;
  };
  const ask = (query: string, body: FormData) =>
    fetch(`${service.url}/train${query}`, { method: 'POST', body });
  const estimate = async (body: FormData) => {
    const response = await ask('?dryRun=true', body);
    expect(response.status).toBe(200);
    return (await response.json()) as TrainingEstimateDto;
  };
  const get = async <T>(route: string) => (await (await fetch(service.url + route)).json()) as T;
  /** A run when it has ended, and the seconds since it began to prepare: what it waited for its process before is no part of an estimate. */
  const ended = async ({ id }: RunDto) => {
    const events = await fetch(`${service.url}/train/${id}/events`);
    let told = '';
    let since = NaN;
    for await (const chunk of events.body!.pipeThrough(new TextDecoderStream())) {
      told += chunk;
      if (Number.isNaN(since) && told.includes('"phase":"preparing"')) since = performance.now();
    }
    return { ...(await get<RunDto>(`/train/${id}`)), took: (performance.now() - since) / 1000 };
  };
  /** Everything that is stored of data and runs. */
  const stored = async () => [
    (await get<DatasetPageDto>('/datasets')).items,
    (await get<RunPageDto>('/train')).items,
  ];

  it('tells what a run would take, measured, and stores nothing', async () => {
    const before = await stored();
    // A base model that no run has trained.
    const asked = () =>
      form(
        { baseModel: 'tiny-other', epochs: '2', batchSize: '16' },
        { file: practiceRows(480, 1), validationFile: practiceRows(60, 2) },
      );
    let told = await estimate(asked());
    // A run of another test is out of the way a moment after its end.
    while (told.basis === null) told = await estimate(asked());
    expect(told).toMatchObject({
      baseModel: 'tiny-other',
      baseModelStored: true,
      trainingRows: 480,
      validationRows: 60,
      batchesPerEpoch: 30,
      stepsPerEpoch: 30,
      totalSteps: 60,
      evaluations: 2,
      basis: 'measurement',
      seconds: expect.any(Number),
    });
    const { memory, disk } = told;
    for (const { neededBytes, availableBytes } of [memory!, disk]) {
      expect(neededBytes).toBeGreaterThan(100_000);
      expect(availableBytes).toBeGreaterThan(neededBytes);
    }
    expect(await stored()).toEqual(before);
  });

  it('counts checkpoints and batches', async () => {
    const rows = { file: practiceRows(480, 1), validationFile: practiceRows(60, 2) };
    const plain = await estimate(form({}, rows));
    const fields = { gradientAccumulationSteps: '4', batchSize: '16', weightAveraging: '2' };
    const averaged = await estimate(form(fields, rows));
    expect(averaged).toMatchObject({ batchesPerEpoch: 30, stepsPerEpoch: 8 });
    // A checkpoint holds the means too, and two of them are there for a moment.
    const weights = (averaged.disk.neededBytes - plain.disk.neededBytes) / 2;
    expect(plain.disk.neededBytes / weights).toBeCloseTo(1.3 + 1 + 2 * 3, 3);
  });

  it('is that of an earlier run, where there is one', async () => {
    const asked = () => form({ epochs: '1', batchSize: '16' }, { file: practiceRows(480, 1) });
    const run = await ended((await (await ask('', asked())).json()) as RunDto);
    expect(run.status).toBe('succeeded');
    const same = await estimate(asked());
    expect(same.basis).toBe('earlier-run');
    expect(Math.abs(same.seconds! - run.took)).toBeLessThanOrEqual(1 + 0.1 * run.took);
    const more = await estimate(form({ epochs: '20', batchSize: '16' }, { file: practiceRows(4800, 1) }));
    expect(more.seconds!).toBeGreaterThan(same.seconds!);
  });

  it('says what speaks against the data and the hyperparameters', async () => {
    const practice = practiceRows(300, 3).trimEnd().split('\n');
    const [sentence, label] = practice[1]!.split('\t');
    const validation = [
      ...practiceRows(200, 4)
        .trimEnd()
        .split('\n')
        .filter((line) => !practice.includes(line)),
      `${sentence!.toUpperCase()}\t${label === '1' ? 0 : 1}`,
    ];
    const { overlap, warnings } = await estimate(
      form({ learningRate: '0.009' }, { file: practice.join('\n'), validationFile: validation.join('\n') }),
    );
    expect(overlap!.rows).toBeGreaterThanOrEqual(1);
    expect(overlap!.otherwiseLabelled).toBeGreaterThanOrEqual(1);
    expect(warnings).toEqual([
      expect.stringContaining('learningRate 0.009 is outside what published recipes use'),
      expect.stringContaining(`of the ${validation.length} validation rows are in the training set too`),
    ]);
    const few = await estimate(form({}, { file: practiceRows(45, 3) }));
    expect(few.overlap).toBeNull();
    expect(few.warnings.at(-1)).toContain('unacceptable sentences were validated on');
    expect(few.warnings[0]).toContain('Only 15 training rows are unacceptable (label 0).');
  });

  it('is refused for what a run is refused for', async () => {
    const bodies = () => [
      form({ baseModel: 'no-such-model' }, { file: practiceRows(60, 3) }),
      form({ weightAveraging: '1' }, { file: practiceRows(60, 3) }),
      form({}, { file: 'One.\t1\nTwo.\t1\n' }),
    ];
    for (const [i, body] of bodies().entries()) {
      const dry = await problemOf(await ask('?dryRun=true', body), 422);
      const real = await problemOf(await ask('', bodies()[i]!), 422);
      expect(dry).toEqual({ ...real, errorId: dry.errorId, instance: dry.instance });
    }
    await problemOf(await ask('?dryRun=maybe', form({}, { file: practiceRows(60, 3) })), 422);
  });

  it('is not measured beside a run', async () => {
    const long = form({ epochs: '20', batchSize: '1' }, { file: practiceRows(4000, 5) });
    const run = (await (await ask('', long)).json()) as RunDto;
    await expect.poll(async () => (await get<RunDto>(`/train/${run.id}`)).status).toBe('running');
    const other = form({ baseModel: 'tiny-other', rDrop: '1' }, { file: practiceRows(480, 1) });
    const { seconds, basis } = await estimate(other);
    expect({ seconds, basis }).toEqual({ seconds: null, basis: null });
    const told = async () => get<RunDto>(`/train/${run.id}`);
    await expect.poll(async () => (await told()).secondsLeft, { timeout: 60_000 }).not.toBeNull();
    const { estimatedFinish, startedAt } = await told();
    expect(Date.parse(estimatedFinish!)).toBeGreaterThan(Date.parse(startedAt!));
    await fetch(`${service.url}/train/${run.id}/cancel`, { method: 'POST' });
    const { status, secondsLeft, estimatedFinish: finish } = await ended(run);
    expect({ status, secondsLeft, finish }).toEqual({ status: 'cancelled', secondsLeft: null, finish: null });
  });
});
