import { memory } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectEngine } from '../engines/detect.js';
import type { Engine } from '../engines/engine.js';
import { startEngine } from '../engines/start.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import type { NamedTensor } from '../weights/named-tensor.js';
import { parameterShapes } from '../weights/parameter-shapes.js';
import type { FineTuningEvent } from './events.js';
import type { Example } from './example.js';
import { fineTune, TrainingDivergedError } from './fine-tune.js';
import { clippingScale, globalNorm, lossAndGradients } from './gradients.js';
import { initialParameters } from './initial-parameters.js';
import type { Hyperparameters } from './hyperparameters.js';
import { epochBatches } from './batches.js';
import { LinearSchedule } from './schedule.js';
import { makeBatch, disposeBatch } from '../network/batch.js';
import { DropoutPlaces } from '../network/dropout-places.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const { sentences } = JSON.parse(readFileSync(`${goldensFolder}goldens.json`, 'utf8')) as {
  sentences: Example[];
};

const hyperparameters: Hyperparameters = {
  epochs: 3,
  batchSize: 4,
  learningRate: 2e-3,
  maxLength: 64,
  warmupRatio: 0.1,
  weightDecay: 0.01,
  dropout: 0.1,
  maxGradientNorm: 1,
  seed: 42,
};

describe(`fineTune on ${detectEngine('auto').name}`, () => {
  let engine: Engine;
  let folder: ModelFolder;

  beforeAll(async () => {
    engine = await startEngine('auto');
    folder = openModelFolder(`${goldensFolder}tiny-bert`);
  });

  afterAll(() => folder.weights.close());

  const run = (changes: Partial<Hyperparameters> = {}) =>
    fineTune({
      engine,
      config: folder.config,
      weights: folder.weights,
      training: sentences,
      validation: sentences.slice(0, 6),
      hyperparameters: { ...hyperparameters, ...changes },
    });
  const collect = async (changes: Partial<Hyperparameters> = {}) => {
    const events: FineTuningEvent[] = [];
    for await (const event of run(changes)) events.push(event);
    return events;
  };
  const losses = (events: FineTuningEvent[]) =>
    events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));

  it('tells each step and each epoch, and learns', async () => {
    const before = memory().numTensors;
    const events = await collect({ epochs: 12, dropout: 0 });
    expect(memory().numTensors).toBe(before);

    const steps = events.filter((event) => event.type === 'step');
    expect(steps.map((event) => event.step)).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
    expect(new Set(steps.map((event) => event.totalSteps))).toEqual(new Set([36]));
    const epochs = events.filter((event) => event.type === 'epoch');
    expect(epochs.map((event) => event.epoch)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(epochs.at(-1)!.trainingLoss).toBeLessThan(epochs[0]!.trainingLoss / 2);
    expect(epochs.at(-1)!.validation.rows).toBe(6);
    const mccs = epochs.map((event) => event.validation.mcc);
    expect(epochs.filter((event) => event.best).at(-1)!.validation.mcc).toBe(Math.max(...mccs));
  });

  it('gives the same curve for the same seed and another for another, with dropout on', async () => {
    const first = losses(await collect());
    expect(losses(await collect())).toEqual(first);
    expect(losses(await collect({ seed: 43 }))).not.toEqual(first);
  });

  it('frees everything when its caller stops', async () => {
    const before = memory().numTensors;
    for await (const event of run()) if (event.type === 'step' && event.step === 2) break;
    expect(memory().numTensors).toBe(before);
  });

  it('says so when the loss is no longer a number', async () => {
    const before = memory().numTensors;
    await expect(collect({ learningRate: 1e30, maxGradientNorm: 1e30 })).rejects.toThrow(
      TrainingDivergedError,
    );
    expect(memory().numTensors).toBe(before);
  });

  it('breaks an evaluation off when told to, and frees everything', async () => {
    const before = memory().numTensors;
    const stop = new AbortController();
    const events = fineTune({
      engine,
      config: folder.config,
      weights: folder.weights,
      training: sentences.slice(0, 4),
      // Several batches of 64.
      validation: Array.from({ length: 200 }, (_, i) => sentences[i % sentences.length]!),
      hyperparameters: { ...hyperparameters, epochs: 1 },
      signal: stop.signal,
    });
    expect((await events.next()).value).toMatchObject({ type: 'step', step: 1 });
    stop.abort();
    await expect(events.next()).rejects.toThrow('aborted');
    expect(memory().numTensors).toBe(before);
  });

  it('trains the compacted word embeddings to what the full table would become', async () => {
    let compacted = new Map<string, NamedTensor>();
    for await (const event of run({ dropout: 0, epochs: 1 })) {
      if (event.type === 'epoch')
        compacted = new Map([...event.weights()].map((tensor) => [tensor.name, tensor]));
    }
    const full = trainFullTable();
    expect([...compacted.keys()].sort()).toEqual([...parameterShapes(folder.config).keys()].sort());
    for (const [name, tensor] of full) {
      // See exactness.spec.ts: AdamW makes noise of this bias.
      if (name.endsWith('attention.self.key.bias')) continue;
      const worst = tensor.data.reduce(
        (max, value, i) => Math.max(max, Math.abs(value - compacted.get(name)!.data[i]!)),
        0,
      );
      expect(worst, name).toBeLessThan(1e-6);
    }
  });

  /** The same run, epoch 1, without the renumbering of word pieces. */
  function trainFullTable(): Map<string, NamedTensor> {
    const { learningRate, warmupRatio, weightDecay, batchSize, seed } = hyperparameters;
    const store = engine.createParameterStore(initialParameters(folder.config, folder.weights, seed));
    const lengths = sentences.map((sentence) => sentence.tokenIds.length);
    const batches = epochBatches(lengths, batchSize, seed, 1);
    const schedule = new LinearSchedule(learningRate, batches.length, warmupRatio);
    batches.forEach((indices, i) => {
      const rows = indices.map((index) => sentences[index]!);
      const batch = makeBatch(
        rows.map((row) => row.tokenIds),
        rows.map((row) => row.label),
        folder.config.padTokenId,
      );
      const parameters = store.read();
      const { gradients } = lossAndGradients(folder.config, parameters, batch, DropoutPlaces.off());
      parameters.release();
      disposeBatch(batch);
      const gradientScale = clippingScale(globalNorm(gradients.values()), 1);
      store.update(gradients, {
        step: i + 1,
        learningRate: schedule.learningRate(i + 1),
        weightDecay,
        gradientScale,
      });
    });
    const parameters = new Map(store.names.map((name) => [name, store.export(name)]));
    store.dispose();
    return parameters;
  }
});
