import { memory, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { architectures } from '../architectures/index.js';
import type { ParameterStore } from '../engines/parameter-store.js';
import { clippingScale, globalNorm, lossAndGradients } from './gradients.js';
import { initialParameters } from './initial-parameters.js';
import { LearningRateSchedule } from './learning-rates.js';
import { disposeBatch, makeBatch } from '../network/batch.js';
import { classify } from '../network/classifier.js';
import { DropoutPlaces } from '../network/dropout-places.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import { nameInFile } from '../weights/parameter-names.js';
import { SafetensorsFile } from '../weights/safetensors.js';
import { engines } from '../../../test/support/engines.js';
import type { Engine } from '../engines/engine.js';
import { startEngine } from '../engines/start.js';

/** Numbers from PyTorch and transformers for the same weights: see test/goldens/README.md. */
const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));

interface Goldens {
  sentences: { label: 0 | 1; tokenIds: number[] }[];
  dropoutPlaces: number;
  forward: { logits: number[][]; loss: number; gradientNorm: number };
  training: {
    peakLearningRate: number;
    totalSteps: number;
    warmupRatio: number;
    weightDecay: number;
    maxGradientNorm: number;
    weightsWithoutMeaning: string[];
    steps: { rows: number[]; loss: number; learningRate: number; gradientNorm: number }[];
  };
}

const cases = engines.flatMap((engine) => Object.keys(architectures).map((type) => [type, engine] as const));

describe.each(cases)('training %s on %s, against PyTorch', (type, engineName) => {
  const golden = (file: string) => join(goldensFolder, type, file);
  const goldens = JSON.parse(readFileSync(golden('goldens.json'), 'utf8')) as Goldens;
  let engine: Engine;
  let folder: ModelFolder;
  let store: ParameterStore;

  beforeAll(async () => {
    engine = await startEngine(engineName);
    folder = openModelFolder(join(goldensFolder, `tiny-${type}`));
  });
  afterAll(() => folder.weights.close());

  beforeEach(() => {
    store = engine.createParameterStore(initialParameters(folder.config, folder.weights, 0));
  });
  afterEach(() => store.dispose());

  const stored = (parameter: string) => nameInFile(folder.config.modelType, parameter);
  const batchOf = (rows: number[]) =>
    makeBatch(
      rows.map((row) => goldens.sentences[row]!.tokenIds),
      rows.map((row) => goldens.sentences[row]!.label),
      folder.config.padTokenId,
    );
  const all = goldens.sentences.map((_, row) => row);

  it('gives the same logits', () => {
    const before = memory().numTensors;
    const parameters = store.read();
    const batch = batchOf(all);
    const logits = classify(folder.config, parameters, batch, DropoutPlaces.off());
    expectClose(logits.dataSync(), goldens.forward.logits.flat(), 1e-5);
    logits.dispose();
    disposeBatch(batch);
    parameters.release();
    expect(memory().numTensors).toBe(before);
  });

  it('drops out in as many places', () => {
    const next = vi.spyOn(DropoutPlaces.prototype, 'next');
    const parameters = store.read();
    const batch = batchOf(all);
    const kept = classify(folder.config, parameters, batch, new DropoutPlaces(0.5, 1, 1));
    expect(next).toHaveBeenCalledTimes(goldens.dropoutPlaces);
    next.mockRestore();
    kept.dispose();
    disposeBatch(batch);
    parameters.release();
  });

  it('gives the same loss and gradient of every parameter', () => {
    const before = memory().numTensors;
    const expected = SafetensorsFile.open(golden('gradients.safetensors'));
    const { loss, gradients } = pass(all);
    expect(Math.abs(loss - goldens.forward.loss)).toBeLessThan(1e-5);
    expect([...gradients.keys()].map(stored).sort()).toEqual([...expected.shapes.keys()].sort());
    for (const [parameter, gradient] of gradients) {
      expectClose(gradient.dataSync(), expected.read(stored(parameter)).data, 1e-5, parameter);
    }
    expect(take(globalNorm(gradients.values()))).toBeCloseTo(goldens.forward.gradientNorm, 4);
    gradients.forEach((gradient) => gradient.dispose());
    expected.close();
    expect(memory().numTensors).toBe(before);
  });

  it('goes through the same steps of AdamW to the same weights', () => {
    const before = memory().numTensors;
    const { training } = goldens;
    const schedule = new LearningRateSchedule(
      'linear',
      training.peakLearningRate,
      training.totalSteps,
      training.warmupRatio,
    );
    training.steps.forEach((expected, index) => {
      const step = index + 1;
      const { loss, gradients } = pass(expected.rows);
      const norm = globalNorm(gradients.values());
      const gradientScale = clippingScale(norm, training.maxGradientNorm);
      const learningRate = schedule.learningRate(step);
      store.update(gradients, { step, learningRate, weightDecay: training.weightDecay, gradientScale });
      gradientScale.dispose();
      expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
      expect(learningRate).toBeCloseTo(expected.learningRate, 12);
      expect(take(norm)).toBeCloseTo(expected.gradientNorm, 4);
    });
    const trained = SafetensorsFile.open(golden('trained.safetensors'));
    for (const parameter of store.names) {
      // The true gradient of the key bias is zero. AdamW turns rounding noise into steps of full size there.
      if (training.weightsWithoutMeaning.includes(stored(parameter))) continue;
      expectClose(store.export(parameter).data, trained.read(stored(parameter)).data, 1e-5, parameter);
    }
    trained.close();
    expect(memory().numTensors).toBe(before);
  });

  function pass(rows: number[]): { loss: number; gradients: Map<string, Tensor> } {
    const parameters = store.read();
    const batch = batchOf(rows);
    const result = lossAndGradients(folder.config, parameters, batch, DropoutPlaces.off());
    parameters.release();
    disposeBatch(batch);
    return { loss: take(result.loss), gradients: result.gradients };
  }
});

/** Reads a number from a tensor and disposes it. */
function take(scalar: Scalar): number {
  const value = scalar.dataSync()[0]!;
  scalar.dispose();
  return value;
}

function expectClose(
  actual: ArrayLike<number>,
  golden: ArrayLike<number>,
  tolerance: number,
  what = '',
): void {
  expect(actual.length, what).toBe(golden.length);
  let worst = 0;
  for (let i = 0; i < golden.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - golden[i]!));
  expect(worst, `largest difference ${what}`).toBeLessThan(tolerance);
}
