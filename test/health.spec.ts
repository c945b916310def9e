import { cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DataSource } from 'typeorm';
import { buildInfo } from '../src/common/build-info.js';
import { HealthController } from '../src/health/health.controller.js';
import { BlobStore } from '../src/storage/blob-store.js';
import { TrainingHost } from '../src/training/training-host.js';
import { newApiKey } from './support/api-keys.js';
import { practiceRows } from './support/practice-rows.js';
import { removeFolders, startService, until, type Service } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';

describe('health', () => {
  let service: Service;
  afterEach(async () => {
    await service.stop();
    removeFolders();
  });
  const status = async (route: string) => (await service.client.request('GET', `/health/${route}`)).status;
  /** Degraded or not, it is 200. */
  const ready = () => service.client.api.health.ready();
  const run = (id: string) => service.client.run(id);
  const degraded = (part: string) => service.client.metric(`wellformed_degraded{part="${part}"}`);
  const train = async (epochs: number, maxRestarts = 0): Promise<string> => {
    const rows = practiceRows(400, 1);
    return (await service.client.start({ file: rows, epochs, maxRestarts, checkpointSteps: 1 })).id;
  };

  it('tells which build runs, like the metrics and the documentation', async () => {
    service = await startService(undefined, { WELLFORMED_ENGINE: 'wasm' });
    expect((await ready()).build).toEqual(buildInfo);
    const { info } = await service.client.document();
    expect(info).toMatchObject({ version: buildInfo.version, 'x-commit': buildInfo.commit });
    const labels =
      `version="${buildInfo.version}",commit="${buildInfo.commit ?? 'unknown'}",engine="wasm",` +
      `node="${process.version}"`;
    expect(await service.client.metric(`wellformed_build_info{${labels}}`)).toBe(1);
  });

  it('is live whatever else does not answer, and ready only where database and storage do', async () => {
    service = await startService();
    await service.app.get(DataSource).query('ALTER TABLE migrations RENAME TO gone');
    rmSync(path.join(service.folder, 'staging'), { recursive: true });
    const problem = await service.client.problem(503, 'GET', '/health/ready');
    expect(problem).toMatchObject({ checks: { database: 'down', storage: 'down' } });
    expect([await status('live'), await status('started')]).toEqual([200, 200]);
    await service.app.get(DataSource).query('ALTER TABLE gone RENAME TO migrations');
    const half = await service.client.problem(503, 'GET', '/health/ready');
    expect(half).toMatchObject({ checks: { database: 'up', storage: 'down' } });
  });

  it('answers as often as it is asked, without a key and under any name', async () => {
    service = await startService(undefined, {
      WELLFORMED_API_KEYS: newApiKey('head', 'admin').entry,
      WELLFORMED_RATE_LIMIT: '1',
      WELLFORMED_HOST_NAMES: 'wellformed.example',
    });
    for (const route of ['live', 'started', 'ready', 'live', 'started', 'ready']) {
      expect([route, await status(route)]).toEqual([route, 200]);
    }
  });

  it('looks once for all who ask at a time, and again for those who come later', async () => {
    service = await startService();
    const looks = vi.spyOn(service.app.get(BlobStore), 'check');
    const health = service.app.get(HealthController);
    await Promise.all(Array.from({ length: 20 }, () => health.ready()));
    expect(looks).toHaveBeenCalledTimes(1);
    await health.ready();
    expect(looks).toHaveBeenCalledTimes(2);
  });

  it('is degraded, and no more, while the end of a run cannot be stored', async () => {
    service = await startService(undefined, { WELLFORMED_ENGINE: 'wasm' });
    putTinyBert(service);
    const database = service.app.get(DataSource);
    await database.query(
      `CREATE TRIGGER refuse BEFORE UPDATE ON runs WHEN NEW.status = 'cancelled' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    const id = await train(20);
    await until(async () => (await run(id)).step > 0);
    await service.client.cancel(id);
    await until(async () => (await ready()).status === 'degraded');
    expect(await ready()).toMatchObject({
      checks: { database: 'up', storage: 'up' },
      degraded: [expect.stringContaining(`The end of ${id} cannot be stored`)],
    });
    expect(await degraded('training')).toBe(1);

    await database.query('DROP TRIGGER refuse');
    await until(async () => (await ready()).status === 'ok');
    expect((await run(id)).status).toBe('cancelled');
    expect(await degraded('training')).toBe(0);
  });

  it('is degraded, and no more, after a training process died, until another one ends as it should', async () => {
    service = await startService(undefined, { WELLFORMED_ENGINE: 'wasm' });
    putTinyBert(service);
    const first = await train(1);
    await until(async () => (await run(first)).status === 'succeeded');
    expect(await ready()).toMatchObject({ status: 'ok', degraded: [] });
    expect([await degraded('training'), await degraded('production')]).toEqual([0, 0]);

    const second = await train(20, 1);
    await until(async () => (await run(second)).checkpoint !== null);
    expect(await service.client.metric('wellformed_training_phase{phase="training"}')).toBe(1);
    expect(await service.client.metric('wellformed_training_engine_tensors')).toBeGreaterThan(0);
    expect(await service.client.metric('wellformed_training_resident_memory_bytes')).toBeGreaterThan(2 ** 20);
    expect(await service.client.metric('wellformed_checkpoints_total')).toBeGreaterThan(0);
    expect(await service.client.metric('wellformed_checkpoint_bytes_total')).toBeGreaterThan(1000);
    expect(await service.client.metric('wellformed_checkpoint_pause_seconds_total')).toBeGreaterThan(0);
    expect(await service.client.metric('wellformed_training_restarts_total')).toBe(0);
    const { works } = service.app.get(TrainingHost) as unknown as {
      works: Map<string, { work: { process: { pid: number } } }>;
    };
    const killProcess = () => process.kill(works.get(second)!.work.process.pid, 'SIGKILL');
    killProcess();
    await until(async () => (await run(second)).resumption !== null);
    expect(await service.client.metric('wellformed_training_restarts_total')).toBe(1);
    expect(await run(second)).toMatchObject({ restarts: 1, error: null });
    expect(await ready()).toMatchObject({ status: 'degraded' });
    killProcess();
    await until(async () => (await run(second)).status === 'failed');
    expect((await run(second)).error).toMatchObject({
      code: 'process-killed',
      message: expect.stringContaining('maxRestarts: 1') as string,
      param: 'batchSize',
    });
    expect(await service.client.metric('wellformed_training_restarts_total')).toBe(1);
    expect(await service.client.metric('wellformed_training_process_crashes_total')).toBe(2);
    expect(await service.client.metric('wellformed_run_duration_seconds_count{status="failed"}')).toBe(1);
    expect(await service.client.metric('wellformed_training_phase{phase="training"}')).toBeUndefined();
    expect(await service.client.metric('wellformed_training_engine_tensors')).toBeUndefined();
    expect(await service.client.metric('wellformed_training_resident_memory_bytes')).toBeUndefined();
    expect(await service.client.metric('wellformed_training_cpu_seconds_total')).toBeGreaterThan(0);
    expect(await ready()).toMatchObject({
      status: 'degraded',
      degraded: [expect.stringContaining(`The training process died in ${second}`)],
    });
    expect([await degraded('training'), await degraded('production')]).toEqual([1, 0]);
    await service.client.judge('We go.');

    const third = await train(1);
    await until(async () => (await run(third)).status === 'succeeded');
    expect(await ready()).toMatchObject({ status: 'ok', degraded: [] });
    expect(await degraded('training')).toBe(0);
  });

  it('is degraded, and no more, where the model in production cannot be loaded', async () => {
    service = await startService();
    const { id } = await registerTinyModel(service.app);
    await service.stop();
    writeFileSync(path.join(service.folder, 'models', id, 'model.onnx'), 'no graph');
    service = await startService(service.folder);
    await until(async () => (await ready()).status === 'degraded');
    expect((await ready()).degraded).toEqual([expect.stringContaining(id)]);
    expect([await degraded('production'), await degraded('training')]).toEqual([1, 0]);
    expect(await status('live')).toBe(200);
    await service.client.api.models.list();
  });
});

/** To where the service looks for base models. */
function putTinyBert({ folder }: Service): void {
  const source = fileURLToPath(new URL('./goldens/tiny-bert/', import.meta.url));
  cpSync(source, path.join(folder, 'base-models', 'tiny-bert'), { recursive: true });
}
