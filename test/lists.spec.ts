import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelPageDto, RunPageDto } from '../packages/client/src/index.js';
import { ModelVersionEntity } from '../src/models/model-version.entity.js';
import { newId } from '../src/common/identifiers.js';
import { RunEntity } from '../src/training/run.entity.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';

/* Lists show what tells things apart. What may be long is told of one thing at a time. */

const EVALUATIONS = 1000;

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.stop();
  removeFolders();
});

const validation = {
  rows: 500,
  loss: 0.4,
  accuracy: 0.8,
  mcc: 0.5,
  confusionMatrix: { truePositives: 200, falsePositives: 50, trueNegatives: 200, falseNegatives: 50 },
};
const evaluations = Array.from({ length: EVALUATIONS }, (_, index) => ({
  step: index + 1,
  epoch: (index + 1) / EVALUATIONS,
  averaged: false,
  validation,
}));

async function page<T>(path: string): Promise<{ items: T[]; bytes: number }> {
  const text = await (await service.client.request('GET', path)).text();
  return { items: (JSON.parse(text) as { items: T[] }).items, bytes: text.length };
}

describe('a list', () => {
  it('of runs has no evaluations, which the run itself has', async () => {
    const file = 'a\t1\t\tThe cat sat.\na\t0\t*\tCat the sat.\n'.repeat(40);
    const { id } = await service.client.start({ file, baseModel: 'none-such/model' });
    await service.client.cancel(id);
    const runs = service.app.get(DataSource).getRepository(RunEntity);
    const run = await runs.findOneByOrFail({ id });
    const long = { mcc: 0.5, evaluations: evaluations.map((evaluation) => ({ ...evaluation, best: false })) };
    for (let count = 0; count < 30; count++) {
      await runs.insert({ ...run, ...long, id: newId('run'), status: 'failed' });
    }
    const { items, bytes } = await page<RunPageDto['items'][number]>('/train?limit=30');
    expect(items).toHaveLength(30);
    expect(bytes).toBeLessThan(30 * 3000);
    expect(items[0]).toMatchObject({ mcc: 0.5, baseModel: 'none-such/model' });
    expect(items[0]).not.toHaveProperty('evaluations');
    const whole = await service.client.run(items[0]!.id);
    expect(whole).toMatchObject({ ...items[0]!, epochs: [] });
    expect(whole.evaluations).toHaveLength(EVALUATIONS);
  });

  it('of models has their best figures alone, and the model itself all', async () => {
    const { id } = await registerTinyModel(service.app);
    const models = service.app.get(DataSource).getRepository(ModelVersionEntity);
    const model = await models.findOneByOrFail({ id });
    const metrics = { ...model.metrics, evaluations };
    for (let count = 0; count < 30; count++)
      await models.insert({ ...model, metrics, id: newId('mdl') } as never);
    const { items, bytes } = await page<ModelPageDto['items'][number]>('/models?limit=30');
    expect(items).toHaveLength(30);
    expect(bytes).toBeLessThan(30 * 3000);
    expect(items[0]).not.toHaveProperty('metrics');
    const whole = await service.client.model(items[0]!.id);
    expect(whole).toMatchObject(items[0]!);
    expect(whole.metrics.evaluations).toHaveLength(EVALUATIONS);
    expect(items[0]!.best).toEqual(whole.metrics.best);
  });
});
