import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { defaultHyperparameters } from '../../src/bert/fine-tuning/hyperparameters.js';
import { exportOnnx } from '../../src/bert/onnx/export.js';
import { exportInt8Onnx } from '../../src/bert/onnx/int8-export.js';
import type { Precision } from '../../src/bert/onnx/precisions.js';
import type { ServingAssessment, PrecisionAssessment } from '../../src/bert/serving/assessment.js';
import type { Lineage, ModelMetrics, ModelVersion, PromotionRule } from '../../src/models/model-version.js';
import { ModelsService } from '../../src/models/models.service.js';
import type { Registration } from '../../src/models/registration.js';
import { BlobStore, type StagedFolder } from '../../src/storage/blob-store.js';

const folder = fileURLToPath(new URL('../goldens/', import.meta.url));

/** PyTorch's results for the sentences on which the tiny model is compared. */
export const goldens = JSON.parse(readFileSync(path.join(folder, 'bert/goldens.json'), 'utf8')) as {
  sentences: { sentence: string; tokenIds: number[] }[];
  forward: {
    labels: (0 | 1)[];
    logits: [number, number][];
    probabilities: [number, number][];
    loss: number;
  };
};

export interface TinyModelOptions {
  name?: string;
  /** MCC to store, as if measured on the validation rows. */
  mcc?: number;
  /** Content hash of the validation rows. */
  validatedOn?: string;
  promote?: PromotionRule;
  /** Adds int8 and an assessment in which `auto` chooses this precision. */
  auto?: Precision;
  alongside?: Registration['alongside'];
}

/** Makes a folder like that of a training: the tiny BERT of the goldens, exported for serving, with a model card. */
export async function stageTinyModel(
  app: NestFastifyApplication,
  options: TinyModelOptions = {},
): Promise<StagedFolder> {
  const staged = await app.get(BlobStore).stage();
  await cp(path.join(folder, 'tiny-bert'), staged.path, { recursive: true });
  await exportOnnx(staged.path);
  if (options.auto) await exportInt8Onnx(staged.path);
  return staged;
}

export async function registerTinyModel(
  app: NestFastifyApplication,
  options: TinyModelOptions = {},
): Promise<ModelVersion> {
  return app.get(ModelsService).register(registration(await stageTinyModel(app, options), options));
}

export function registration(staged: StagedFolder, options: TinyModelOptions = {}): Registration {
  const { promote = 'auto', alongside } = options;
  return {
    ...lineage(options),
    staged,
    sums: {},
    name: nameOf(options),
    metrics: metrics(options),
    serving: assessment(options),
    baseModelHubId: null,
    license: null,
    promote,
    alongside,
  };
}

function nameOf({ name = 'Tiny' }: TinyModelOptions): string {
  return name;
}

function lineage({ validatedOn = 'a'.repeat(64) }: TinyModelOptions): Lineage {
  return {
    runId: null,
    baseModel: 'tiny-bert',
    dataset: { id: 'ds_01JD0000000000000000000000', name: 'lessons', contentHash: 'b'.repeat(64), rows: 100 },
    validation: { datasetId: null, contentHash: validatedOn, rows: 10, fraction: 0.1 },
    hyperparameters: { ...defaultHyperparameters, epochs: 1, maxLength: 64 },
    engine: 'tensorflow',
  };
}

function metrics({ mcc = 0.5 }: TinyModelOptions): ModelMetrics {
  const confusionMatrix = { truePositives: 5, falsePositives: 1, trueNegatives: 3, falseNegatives: 1 };
  const best = { rows: 10, loss: 0.4, accuracy: 0.8, mcc, confusionMatrix };
  return {
    bestEpoch: 1,
    averaged: false,
    best,
    epochs: [{ epoch: 1, trainingLoss: 0.5, trainingSeconds: 12, validation: best }],
    evaluations: [{ step: 3, epoch: 1, averaged: false, validation: best }],
    stoppedEarly: null,
  };
}

/** An assessment as if measured. fp32 has temperature 2 and threshold 0.4, int8 has 1.6 and 0.6. */
function assessment(options: TinyModelOptions): ServingAssessment | null {
  const { auto } = options;
  if (!auto) return null;
  const { best: evaluation } = metrics(options);
  const { mcc, confusionMatrix } = evaluation;
  const variant = (temperature: number, threshold: number, bytes: number): PrecisionAssessment => ({
    evaluation,
    bytes,
    medianSeconds: bytes / 1e9,
    calibration: {
      temperature,
      before: { loss: 0.4, expectedCalibrationError: 0.1 },
      after: { loss: 0.3, expectedCalibrationError: 0.05 },
    },
    threshold: { threshold, before: { mcc, confusionMatrix }, after: { mcc, confusionMatrix } },
  });
  return {
    variants: { fp32: variant(2, 0.4, 200_000), int8: variant(1.6, 0.6, 100_000) },
    auto: { variant: auto, reason: 'It is a test.' },
    sentences: 10,
    threads: 1,
  };
}
