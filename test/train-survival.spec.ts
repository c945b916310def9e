import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunDto } from '../packages/client/src/index.js';
import { SafetensorsFile } from '../src/bert/weights/safetensors.js';
import { nativeEngine } from './support/engines.js';
import { childrenOf } from './support/processes.js';
import type { Training } from './support/service-client.js';
import type { RunningService } from './support/service-process.js';
import { shared } from './support/shared.js';
import { practiceRows } from './support/practice-rows.js';
import { quick, slow, startTrainer, tinyBaseModels, tinyBert } from './support/trainer.js';

const baseModels = tinyBaseModels();
const data = mkdtempSync(path.join(tmpdir(), 'wellformed-survival-'));
let service: RunningService;
let dataset: DatasetDto;

const start = async (settings: Record<string, string> = {}) => {
  service = await startTrainer(baseModels, {
    data,
    settings: { WELLFORMED_ENGINE: nativeEngine ?? 'wasm', ...settings },
  });
};
beforeAll(async () => {
  await start();
  dataset = await service.client.uploadPractice(96, 1);
});
afterAll(async () => {
  await service.stop();
  rmSync(data, { recursive: true, force: true });
});

/** Everything on that has a state of its own or draws random numbers. */
const everything = (): Training => ({
  datasetId: dataset.id,
  epochs: 7,
  batchSize: 2,
  learningRate: 1e-3,
  dropout: 0.1,
  weightDecay: 0.01,
  gradientAccumulationSteps: 2,
  evaluationSteps: 9,
  earlyStoppingPatience: 100,
  weightAveraging: 3,
  layerwiseLearningRateDecay: 0.9,
  rDrop: 1,
  promote: 'never',
});

/** What a run leaves: the sums of its model's files, and what it says of itself, without ids and times. */
async function traceOf({ id }: { id: string }) {
  const run = await service.client.untilEnded(id);
  expect(run).toMatchObject({ status: 'succeeded', error: null });
  const { files } = await service.client.model(run.modelId!);
  const weights = files.find(({ name }) => name === 'model.safetensors')!.sha256;
  const { epochs, evaluations, mcc, step, stoppedEarly } = run;
  const curve = epochs.map(({ trainingSeconds: _seconds, ...epoch }) => epoch);
  return { weights, curve, evaluations, mcc, step, stoppedEarly };
}

/** The run that was never disturbed. */
const reference = shared(async () =>
  service.client.untilEnded((await service.client.start(everything())).id),
);
const undisturbed = shared(async () => traceOf(await reference()));

const act = (id: string, what: 'pause' | 'resume' | 'cancel') =>
  service.client.json<RunDto>(202, 'POST', `/train/${id}/${what}`);
const untilStatus = (id: string, wanted: RunDto['status']) =>
  service.client.until(id, ({ status }) => status === wanted);
const untilStep = (id: string, least: number) => service.client.until(id, ({ step }) => step >= least);
const checkpointsOnDisk = () => {
  const folder = path.join(service.data, 'checkpoints');
  return readdirSync(folder).filter((name) => name.startsWith('run_'));
};

describe('a run that is disturbed', { timeout: 240_000 }, () => {
  it('ends with the same bits after it was paused and resumed', async () => {
    const expected = await undisturbed();
    const { id } = await service.client.start(everything());
    let attempt = 0;
    for (const step of [8, 70]) {
      await untilStep(id, step);
      await act(id, 'pause');
      const paused = await untilStatus(id, 'paused');
      expect(paused).toMatchObject({
        statusReason: 'Somebody paused it.',
        secondsLeft: null,
        finishedAt: null,
      });
      expect(paused.checkpoint).toMatchObject({ attempt: ++attempt, step: paused.step });
      expect(checkpointsOnDisk()).toEqual([`${id}-${attempt}-${paused.step}`]);
      expect((await act(id, 'pause')).status).toBe('paused');
      expect((await act(id, 'resume')).status).toMatch(/queued|preparing/);
      await untilStatus(id, 'running');
      expect(await service.client.run(id)).toMatchObject({
        attempt: attempt + 1,
        resumption: { attempt: attempt + 1, step: paused.step, isExact: true, note: null },
      });
    }
    expect(await traceOf({ id })).toEqual(expected);
    expect(await service.client.run(id)).toMatchObject({ attempt: 3, restarts: 0, checkpoint: null });
    await expect.poll(checkpointsOnDisk).toEqual([]);

    const events = await service.client.events(id);
    expect(events.map((event) => Number(event.id))).toEqual(events.map((_, i) => i + 1));
    const statuses = await service.client.eventData(id, 'status');
    const paused = ['preparing', 'running', 'paused', 'queued'];
    expect(statuses.map(({ status }) => status)).toEqual([
      ...['queued', ...paused, ...paused],
      ...['preparing', 'running', 'succeeded'],
    ]);
    const { points } = await service.client.json<{ points: { step: number }[] }>(
      200,
      'GET',
      `/train/${id}/metrics`,
    );
    expect(points.map(({ step }) => step)).toEqual(
      [...new Set(points.map(({ step }) => step))].sort((a, b) => a - b),
    );
  });

  it('goes on by itself when its process dies, and when the service is back', async () => {
    const expected = await undisturbed();
    const { id } = await service.client.start({ ...everything(), checkpointSteps: 10 });
    /** When this attempt has left a checkpoint of its own. */
    const untilStored = (attempt: number) =>
      service.client.until(id, ({ checkpoint }) => checkpoint?.attempt === attempt);
    await untilStored(1);
    process.kill(childrenOf(service.pid)[0]!, 'SIGKILL');
    await untilStored(2);
    await service.kill();
    await start();
    await untilStored(3);
    await service.stop();
    await start();
    expect(await untilStatus(id, 'running')).toMatchObject({ attempt: 4, restarts: 2 });
    expect(await traceOf({ id })).toEqual(expected);
    const stored = await service.client.eventData(id, 'status');
    const reasons = stored.filter(({ reason }) => reason).map(({ status, reason }) => [status, reason]);
    expect(reasons).toEqual([
      ['interrupted', expect.stringMatching(/SIGKILL/)],
      ['queued', expect.stringMatching(/^Restart 1 of 3 from step \d+\. .*SIGKILL/)],
      ['interrupted', 'The service was killed or crashed while the run was at work.'],
      ['queued', expect.stringMatching(/^Restart 2 of 3 from step \d+\. The service was killed/)],
      ['interrupted', 'The service stopped. The run goes on at its next start.'],
      ['queued', 'The service has started again.'],
    ]);
    await expect.poll(checkpointsOnDisk).toEqual([]);
    await expect.poll(() => readdirSync(path.join(data, 'staging'))).toEqual([]);
  });

  it('is not restarted more often than it may be', async () => {
    const { id } = await service.client.start({ ...everything(), checkpointSteps: 10, maxRestarts: 0 });
    await service.client.until(id, ({ checkpoint }) => checkpoint !== null);
    process.kill(childrenOf(service.pid)[0]!, 'SIGKILL');
    const failed = await service.client.untilEnded(id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'process-killed' }, checkpoint: null });
    await expect.poll(checkpointsOnDisk).toEqual([]);
  });

  it.runIf(nativeEngine)('says that it is not exact where another engine goes on', async () => {
    const { id } = await service.client.start({ ...everything(), epochs: 3, pauseAfterEpoch: 2 });
    await untilStatus(id, 'paused');
    await service.stop();
    await start({ WELLFORMED_ENGINE: 'wasm' });
    expect((await service.client.run(id)).status).toBe('paused');
    await act(id, 'resume');
    const ended = await service.client.untilEnded(id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      resumption: {
        isExact: false,
        note: expect.stringMatching(/written by .*TensorFlow.*trains with .*WebAssembly/),
      },
    });
    await service.stop();
    await start();
  });

  it('starts anew where its checkpoint is damaged, and says so', async () => {
    const { id } = await service.client.start({ ...everything(), epochs: 3, pauseAfterEpoch: 1 });
    await untilStatus(id, 'paused');
    const [folder] = checkpointsOnDisk();
    const file = path.join(service.data, 'checkpoints', folder!, 'state.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(file, bytes);
    await act(id, 'resume');
    const ended = await service.client.untilEnded(id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      resumption: { step: 0, note: expect.stringMatching(/was damaged: the run begins anew/) },
    });
    expect(ended.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  });

  it('starts anew where its checkpoint is whole but means nothing to it', async () => {
    const { id } = await service.client.start({ ...everything(), epochs: 3, pauseAfterEpoch: 1 });
    await untilStatus(id, 'paused');
    const folder = path.join(service.data, 'checkpoints', checkpointsOnDisk()[0]!);
    writeFileSync(path.join(folder, 'details.json'), '{}');
    const manifest = path.join(folder, 'manifest.json');
    const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as { files: { name: string }[] };
    const sha256 = createHash('sha256').update('{}').digest('hex');
    const sealed = files.map((file) => (file.name === 'details.json' ? { ...file, size: 2, sha256 } : file));
    writeFileSync(manifest, JSON.stringify({ files: sealed }));
    await act(id, 'resume');
    expect(await service.client.untilEnded(id)).toMatchObject({
      status: 'succeeded',
      resumption: { step: 0, note: 'The checkpoint could not be read: the run begins anew.' },
    });
  });
});

describe('a run that waits', { timeout: 120_000 }, () => {
  it('can be held, goes on where it was, and is cancelled while it is held', async () => {
    const first = await service.client.start(slow(dataset));
    const [second, third] = [
      await service.client.start(quick(dataset)),
      await service.client.start(quick(dataset)),
    ];
    await service.client.untilTraining(first.id);
    expect((await act(second.id, 'pause')).status).toBe('paused');
    expect((await act(third.id, 'pause')).status).toBe('paused');
    await act(first.id, 'cancel');
    await service.client.untilEnded(first.id);
    expect((await service.client.run(second.id)).attempt).toBe(0);
    expect((await act(third.id, 'cancel')).status).toBe('cancelled');
    await act(second.id, 'resume');
    expect(await service.client.untilEnded(second.id)).toMatchObject({ status: 'succeeded', attempt: 1 });
    const refused = await service.client.problem(409, 'POST', `/train/${second.id}/pause`);
    expect(refused.detail).toBe(`Run ${second.id} is succeeded and cannot be paused.`);
    expect((await service.client.problem(409, 'POST', `/train/${third.id}/resume`)).detail).toContain(
      '/continue',
    );
    for (const what of ['pause', 'resume']) await service.client.problem(404, 'POST', `/train/run_0/${what}`);
  });

  it('goes on after it was resumed before its pause had come, and not while it is being cancelled', async () => {
    const { id } = await service.client.start(slow(dataset));
    await untilStep(id, 1);
    await act(id, 'pause');
    await act(id, 'resume');
    await service.client.until(id, ({ status, attempt }) => status === 'running' && attempt === 2);
    await act(id, 'cancel');
    for (const what of ['pause', 'resume']) await service.client.problem(409, 'POST', `/train/${id}/${what}`);
    expect(await service.client.untilEnded(id)).toMatchObject({ status: 'cancelled' });
    const statuses = await service.client.eventData(id, 'status');
    expect(statuses).toContainEqual({ status: 'queued', reason: 'Somebody resumed it.' });
  });
});

describe('a run that has ended', { timeout: 120_000 }, () => {
  const proceed = (id: string, epochs: number) =>
    service.client.json<RunDto>(202, 'POST', `/train/${id}/continue`, { epochs });

  it('goes on from the checkpoint of one that was cancelled', async () => {
    // As long as the run that was cancelled and the one that continued it together.
    const whole = await traceOf(await service.client.start({ ...everything(), epochs: 4 }));
    const { id } = await service.client.start({ ...everything(), epochs: 4, pauseAfterEpoch: 2 });
    expect(await untilStatus(id, 'paused')).toMatchObject({
      statusReason: 'The run was asked to pause after epoch 2.',
      checkpoint: { epoch: 3 },
      epochs: [{ epoch: 1 }, { epoch: 2 }],
      pauseAfterEpoch: 2,
    });
    const early = await service.client.problem(409, 'POST', `/train/${id}/continue`, { epochs: 2 });
    expect(early.detail).toContain(`POST /train/${id}/resume`);
    await act(id, 'cancel');
    const next = await proceed(id, 2);
    expect(next).toMatchObject({ continues: id, hyperparameters: { epochs: 4 }, initialModelId: null });
    expect(next.epochs).toHaveLength(2);
    expect(await traceOf(next)).toEqual(whole);
    // The other one keeps its own.
    await expect.poll(() => checkpointsOnDisk().map((name) => name.slice(0, id.length))).toEqual([id]);

    // The next that is cancelled takes its place.
    const last = await service.client.start({ ...everything(), epochs: 3, pauseAfterEpoch: 1 });
    await untilStatus(last.id, 'paused');
    await act(last.id, 'cancel');
    await expect.poll(() => checkpointsOnDisk().map((name) => name.slice(0, id.length))).toEqual([last.id]);
    const gone = await service.client.problem(409, 'POST', `/train/${id}/continue`, { epochs: 1 });
    expect(gone.detail).toContain('neither a checkpoint nor a model');
    expect((await service.client.request('DELETE', `/train/${last.id}`)).status).toBe(204);
    expect(checkpointsOnDisk()).toEqual([]);
  });

  it('averages no more epochs than there are', async () => {
    const { id } = await service.client.start({ ...everything(), pauseAfterEpoch: 1 });
    await untilStatus(id, 'paused');
    await act(id, 'cancel');
    const next = await proceed(id, 1);
    expect(next.hyperparameters).toMatchObject({ epochs: 2, weightAveraging: 2 });
    expect(await service.client.untilEnded(next.id)).toMatchObject({ status: 'succeeded' });
  });

  it('cannot go on from a checkpoint that is damaged', async () => {
    const { id } = await service.client.start({ ...everything(), pauseAfterEpoch: 1 });
    await untilStatus(id, 'paused');
    await act(id, 'cancel');
    const [name] = checkpointsOnDisk().filter((one) => one.startsWith(id));
    rmSync(path.join(service.data, 'checkpoints', name!), { recursive: true });
    const { detail } = await service.client.problem(409, 'POST', `/train/${id}/continue`, { epochs: 1 });
    expect(detail).toContain(`The checkpoint of run ${id} is damaged`);
    expect(readdirSync(path.join(service.data, 'staging'))).toEqual([]);
  });

  it('cannot go on from a model that is deleted', async () => {
    const { id, modelId } = await service.client.untilEnded((await service.client.start(quick(dataset))).id);
    expect((await service.client.request('DELETE', `/models/${modelId!}`)).status).toBe(204);
    const { detail } = await service.client.problem(409, 'POST', `/train/${id}/continue`, { epochs: 1 });
    expect(detail).toContain('neither a checkpoint nor a model');
  });

  it('goes on from the model of one that succeeded', async () => {
    const first = await reference();
    const next = await proceed(first.id, 1);
    expect(next).toMatchObject({ initialModelId: first.modelId, hyperparameters: { epochs: 1 } });
    const kept = await service.client.problem(409, 'DELETE', `/models/${first.modelId}`);
    expect(kept.detail).toContain(`POST /train/${next.id}/cancel`);
    const ended = await service.client.untilEnded(next.id);
    expect(ended.status).toBe('succeeded');
    // It begins with what the first had learnt.
    const lossOf = (run: RunDto) => run.epochs[0]!.trainingLoss;
    expect(lossOf(ended)).toBeLessThan(lossOf(first));
    const { detail } = await service.client.problem(422, 'POST', `/train/${next.id}/continue`, { epochs: 0 });
    expect(detail).toContain('epochs');
  });
});

describe('a training that diverges', { timeout: 120_000 }, () => {
  /** A base model that has no number for one word: a step with it makes the loss undefined. */
  function baseModelWithoutNumbers(word: string): string {
    const name = 'tiny-undefined';
    cpSync(tinyBert, path.join(baseModels, name), { recursive: true });
    const file = path.join(baseModels, name, 'model.safetensors');
    const vocabulary = readFileSync(path.join(baseModels, name, 'vocab.txt'), 'utf8').split('\n');
    const { fileOffset, shape } = SafetensorsFile.open(file).tensors.get(
      'bert.embeddings.word_embeddings.weight',
    )!;
    const bytes = readFileSync(file);
    const row = 4 * shape[1]!;
    bytes.fill(
      0xff,
      fileOffset + row * vocabulary.indexOf(word),
      fileOffset + row * (vocabulary.indexOf(word) + 1),
    );
    writeFileSync(file, bytes);
    return name;
  }

  it('fails with advice, and keeps a model only where one is better than a constant answer', async () => {
    const word = 'z';
    const baseModel = baseModelWithoutNumbers(word);
    const training = {
      baseModel,
      batchSize: 4,
      learningRate: 2e-3,
      evaluationSteps: 10,
      validationFile: practiceRows(80, 3),
    };
    // One row of many has the word: some evaluations come before it.
    const rows = `${practiceRows(3000, 2)}${word}\t1\n`;
    const kept = await service.client.untilEnded(
      (await service.client.start({ ...training, file: rows, seed: 3 })).id,
    );
    expect(kept).toMatchObject({
      status: 'failed',
      error: { code: 'training-diverged', param: 'learningRate' },
    });
    expect(kept.mcc).toBeGreaterThan(0);
    const model = await service.client.model(kept.modelId!);
    expect(model).toMatchObject({ runId: kept.id, aliases: [], metrics: { best: { mcc: kept.mcc } } });

    const lost = await service.client.untilEnded(
      (await service.client.start({ ...training, file: `${word}\t1\n${word}\t0\n` })).id,
    );
    expect(lost).toMatchObject({ status: 'failed', modelId: null, error: { code: 'training-diverged' } });
    expect(lost.error!.message).toMatch(/Try a lower learning rate/);
  });
});
