import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemDetails } from '../packages/client/src/index.js';
import { formOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { shared } from './support/shared.js';

/* Each architecture but BERT, which train.spec.ts has, from a folder of the user's own to judgements. */

const goldens = fileURLToPath(new URL('./goldens/', import.meta.url));
const baseModels = mkdtempSync(path.join(tmpdir(), 'wellformed-architectures-'));

let service: Service;
beforeAll(async () => {
  for (const type of ['electra', 'distilbert', 'roberta', 'bert'])
    cpSync(path.join(goldens, `tiny-${type}`), path.join(baseModels, `tiny-${type}`), { recursive: true });
  service = await startService(undefined, { WELLFORMED_BASE_MODELS: baseModels });
});
afterAll(async () => {
  await service.stop();
  removeFolders();
  rmSync(baseModels, { recursive: true });
});

describe.each([
  ['electra', 'ElectraForSequenceClassification', 'vocab.txt', 'classifier.out_proj.weight', 6],
  ['distilbert', 'DistilBertForSequenceClassification', 'vocab.txt', 'pre_classifier.weight', 4],
  ['roberta', 'RobertaForSequenceClassification', 'merges.txt', 'classifier.dense.weight', 4],
])('%s', { timeout: 120_000 }, (type, className, tokenizerFile, parameter, epochs) => {
  const trained = shared(async () => {
    const { id } = await service.client.start({
      ...{ baseModel: `tiny-${type}`, name: type, file: practiceRows(480, 1) },
      ...{ epochs, batchSize: 16, learningRate: 5e-3 },
    });
    return service.client.untilEnded(id);
  });

  it('is trained', async () => {
    const run = await trained();
    expect(run).toMatchObject({ status: 'succeeded', error: null });
    expect(Math.max(...run.epochs.map((epoch) => epoch.mcc))).toBeGreaterThan(0.8);
  });

  it('is registered with the files of its own kind', async () => {
    const run = await trained();
    const model = await service.client.model(run.modelId!);
    expect(model).toMatchObject({
      baseModel: `tiny-${type}`,
      config: {
        model_type: type,
        architectures: [className],
        id2label: { 0: 'unacceptable', 1: 'acceptable' },
      },
    });
    const files = model.files.map(({ name }) => name);
    expect(files).toEqual(
      expect.arrayContaining([tokenizerFile, 'tokenizer.json', 'tokenizer_config.json', 'model.onnx']),
    );
    const weights = await service.client.request('GET', `/models/${run.modelId}/files/model.safetensors`);
    expect(await weights.text()).toContain(`"${parameter}"`);
  });

  it('judges', async () => {
    const { modelId } = await trained();
    const { predictions } = await service.client.judge(['The cat saw the dog.', 'Cat the saw the dog.'], {
      model: modelId!,
    });
    expect(predictions.map(({ acceptable }) => acceptable)).toEqual([true, false]);
  });
});

it('refuses an architecture that is not known, and lists those that are', async () => {
  const file = path.join(baseModels, 'tiny-bert', 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, model_type: 'albert' }));
  const form = formOf(practiceRows(30, 1), { baseModel: 'tiny-bert' });
  const response = await service.client.request('POST', '/train', form);
  expect(response.status).toBe(422);
  const { errors } = (await response.json()) as ProblemDetails;
  expect(errors).toEqual([
    {
      pointer: '#/baseModel',
      message: expect.stringContaining(
        'model_type "albert", but only bert, distilbert, electra, roberta are known',
      ) as string,
    },
  ]);
});
