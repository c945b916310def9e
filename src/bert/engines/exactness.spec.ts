import { memory, type Tensor } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParameterStore } from '../fine-tuning/parameter-store.js';
import { clippingScale, globalNorm, lossAndGradients } from '../fine-tuning/gradients.js';
import { initialParameters } from '../fine-tuning/initial-parameters.js';
import { LinearSchedule } from '../fine-tuning/schedule.js';
import { disposeBatch, makeBatch } from '../network/batch.js';
import { classify } from '../network/classifier.js';
import { DropoutPlaces } from '../network/dropout-places.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import { SafetensorsFile } from '../weights/safetensors.js';
import { detectEngine } from './detect.js';
import type { Engine, EngineName } from './engine.js';
import { startEngine } from './start.js';

/** Numbers that PyTorch and transformers gave for the same weights: see test/goldens/README.md. */
const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));

interface Goldens {
  sentences: { label: 0 | 1; tokenIds: number[] }[];
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

const goldens = JSON.parse(readFileSync(`${goldensFolder}goldens.json`, 'utf8')) as Goldens;
const engines: EngineName[] = detectEngine('auto').name === 'tensorflow' ? ['tensorflow', 'wasm'] : ['wasm'];

describe.each(engines)('training on %s, against PyTorch', (name) => {
  let engine: Engine;
  let folder: ModelFolder;
  let store: ParameterStore;

  beforeAll(async () => {
    engine = await startEngine(name);
    folder = openModelFolder(`${goldensFolder}tiny-bert`);
    store = engine.createParameterStore(initialParameters(folder.config, folder.weights, 0));
  });

  afterAll(() => {
    store.dispose();
    folder.weights.close();
  });

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

  it('gives the same loss and gradient of every parameter', () => {
    const before = memory().numTensors;
    const golden = SafetensorsFile.open(`${goldensFolder}gradients.safetensors`);
    const { loss, gradients } = pass(all);
    expect(Math.abs(loss - goldens.forward.loss)).toBeLessThan(1e-5);
    expect([...gradients.keys()].sort()).toEqual([...golden.shapes.keys()].sort());
    for (const [parameter, gradient] of gradients) {
      expectClose(gradient.dataSync(), golden.read(parameter).data, 1e-5, parameter);
    }
    expect(globalNorm(gradients.values())).toBeCloseTo(goldens.forward.gradientNorm, 4);
    gradients.forEach((gradient) => gradient.dispose());
    golden.close();
    expect(memory().numTensors).toBe(before);
  });

  it('goes through the same steps of AdamW to the same weights', () => {
    const before = memory().numTensors;
    const { training } = goldens;
    const schedule = new LinearSchedule(training.peakLearningRate, training.totalSteps, training.warmupRatio);
    training.steps.forEach((golden, index) => {
      const step = index + 1;
      const { loss, gradients } = pass(golden.rows);
      const norm = globalNorm(gradients.values());
      const learningRate = schedule.learningRate(step);
      store.update(gradients, {
        step,
        learningRate,
        weightDecay: training.weightDecay,
        gradientScale: clippingScale(norm, training.maxGradientNorm),
      });
      expect(Math.abs(loss - golden.loss)).toBeLessThan(1e-5);
      expect(learningRate).toBeCloseTo(golden.learningRate, 12);
      expect(norm).toBeCloseTo(golden.gradientNorm, 4);
    });
    const trained = SafetensorsFile.open(`${goldensFolder}trained.safetensors`);
    for (const parameter of store.names) {
      // The true gradient of the keys' bias is zero: AdamW makes steps of full size out of rounding noise there.
      if (training.weightsWithoutMeaning.includes(parameter)) continue;
      expectClose(store.export(parameter).data, trained.read(parameter).data, 1e-5, parameter);
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
    return result;
  }
});

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
