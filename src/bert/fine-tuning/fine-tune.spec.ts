import { memory } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import type { Engine } from '../engines/engine.js';
import { startEngine } from '../engines/start.js';
import { WORD_EMBEDDINGS } from '../network/parameters.js';
import { evaluatePredictions } from '../evaluation/evaluation.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import type { NamedTensor } from '../weights/named-tensor.js';
import { parameterShapes } from '../weights/parameter-shapes.js';
import { epochBatches } from './batches.js';
import type { EvaluationEvent, FineTuningEvent } from './events.js';
import type { Example } from './example.js';
import { fineTune } from './fine-tune.js';
import { defaultHyperparameters, type Hyperparameters } from './hyperparameters.js';
import { initialParameters } from './initial-parameters.js';
import { Trainer, TrainingDivergedError } from './trainer.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const { sentences } = JSON.parse(readFileSync(`${goldensFolder}bert/goldens.json`, 'utf8')) as {
  sentences: Example[];
};

const hyperparameters: Hyperparameters = {
  ...defaultHyperparameters,
  batchSize: 4,
  learningRate: 2e-3,
  maxLength: 64,
};

describe(`fineTune on ${engines[0]}`, () => {
  let engine: Engine;
  let folder: ModelFolder;

  beforeAll(async () => {
    engine = await startEngine(engines[0]!);
    folder = openModelFolder(`${goldensFolder}tiny-bert`);
  });

  afterAll(() => folder.weights.close());

  const run = (changes: Partial<Hyperparameters> = {}, training = sentences) =>
    fineTune({
      engine,
      config: folder.config,
      weights: folder.weights,
      training,
      validation: sentences.slice(0, 6),
      hyperparameters: { ...hyperparameters, ...changes },
    });
  const collect = async (changes: Partial<Hyperparameters> = {}, training = sentences) => {
    const events: FineTuningEvent[] = [];
    for await (const event of run(changes, training)) events.push(event);
    return events;
  };
  const losses = (events: FineTuningEvent[]) =>
    events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
  const evaluations = (events: FineTuningEvent[]) => events.filter((event) => event.type === 'evaluation');
  const weightsOf = (event: EvaluationEvent) =>
    new Map([...event.weights()].map((tensor): [string, NamedTensor] => [tensor.name, tensor]));

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

  it.each<[string, Partial<Hyperparameters>]>([
    ['as they are by default', {}],
    ['with layer-wise decay', { layerwiseLearningRateDecay: 0.7, weightDecay: 0.3 }],
  ])(
    'trains the compacted word embeddings to what the full table would become, %s',
    async (_how, options) => {
      const changes = { ...options, dropout: 0, epochs: 1 };
      let compacted = new Map<string, NamedTensor>();
      for await (const event of run(changes)) if (event.type === 'evaluation') compacted = weightsOf(event);
      const full = await trainFullTable(changes);
      expect([...compacted.keys()].sort()).toEqual([...parameterShapes(folder.config).keys()].sort());
      expectSame(compacted, full);
    },
  );

  it('evaluates after every so many steps too, and trains no differently for it', async () => {
    const events = await collect({ evaluationSteps: 2 });
    const told = events.map((event) =>
      event.type === 'evaluation' ? [event.step, event.epoch] : event.type,
    );
    const epoch = (...steps: (string | number[])[]) => [...steps, 'epoch'];
    expect(told).toEqual([
      ...epoch('step', 'step', [2, 2 / 3], 'step', [3, 1]),
      ...epoch('step', [4, 4 / 3], 'step', 'step', [6, 2]),
      ...epoch('step', 'step', [8, 8 / 3], 'step', [9, 3]),
    ]);
    const ends = evaluations(events).filter((event) => Number.isInteger(event.epoch));
    const epochs = events.filter((event) => event.type === 'epoch');
    expect(epochs.map(({ validation, best }) => ({ validation, best }))).toEqual(
      ends.map(({ validation, best }) => ({ validation, best })),
    );
    let highest = -Infinity;
    for (const { best, validation, averaged } of evaluations(events)) {
      expect(averaged).toBe(false);
      expect(best).toBe(validation.mcc > highest);
      highest = Math.max(highest, validation.mcc);
    }
    expect(losses(events)).toEqual(losses(await collect()));
  });

  it('stops early where the MCC does not rise, and says so', async () => {
    const before = memory().numTensors;
    // Steps this small change no judgement.
    const still = { learningRate: 1e-12, epochs: 9 };
    const perEpoch = await collect({ ...still, earlyStoppingPatience: 2 });
    expect(perEpoch.filter((event) => event.type === 'epoch')).toHaveLength(3);
    const { mcc } = evaluations(perEpoch)[0]!.validation;
    expect(perEpoch.at(-1)).toEqual({
      type: 'stoppedEarly',
      reason: `The MCC has not risen above ${mcc.toFixed(4)} (step 3) in 2 evaluations.`,
    });

    const withinEpoch = await collect({ ...still, evaluationSteps: 1, earlyStoppingPatience: 1 });
    expect(withinEpoch.map(({ type }) => type)).toEqual([
      ...['step', 'evaluation', 'step', 'evaluation', 'stoppedEarly'],
    ]);
    // A run that has reached its end has not stopped early.
    const complete = await collect({ ...still, epochs: 3, earlyStoppingPatience: 2 });
    expect(complete.at(-1)!.type).toBe('epoch');
    expect(memory().numTensors).toBe(before);
  });

  it('averages the weights at the ends of the last epochs', async () => {
    const before = memory().numTensors;
    const ends: Map<string, NamedTensor>[] = [];
    const seen: EvaluationEvent[] = [];
    const labels = sentences.slice(0, 6).map(({ label }) => label);
    for await (const event of run({ weightAveraging: 2, evaluationSteps: 2 })) {
      if (event.type !== 'evaluation') continue;
      seen.push(event);
      expect(evaluatePredictions(labels, event.logits)).toEqual(event.validation);
      if (Number.isInteger(event.epoch)) ends.push(weightsOf(event));
    }
    expect(memory().numTensors).toBe(before);
    expect(seen.map(({ averaged }) => averaged)).toEqual([...seen.slice(1).map(() => false), true]);
    expect(seen.at(-1)).toMatchObject({ step: 9, epoch: 3 });

    const [, second, third, averaged] = ends;
    for (const [name, { data }] of averaged!) {
      const mean = data.map((_, i) => (second!.get(name)!.data[i]! + third!.get(name)!.data[i]!) / 2);
      expect(worstDifference(data, mean), name).toBeLessThan(1e-6);
    }
    expect(
      worstDifference(averaged!.get(WORD_EMBEDDINGS)!.data, third!.get(WORD_EMBEDDINGS)!.data),
    ).toBeGreaterThan(1e-5);
  });

  it('averages nothing where it stopped before the last epochs', async () => {
    const events = await collect({
      epochs: 9,
      learningRate: 1e-12,
      weightAveraging: 2,
      earlyStoppingPatience: 1,
    });
    expect(events.at(-1)!.type).toBe('stoppedEarly');
  });

  it('starts from re-initialised layers where it is told to', async () => {
    const first = losses(await collect({ reinitializedLayers: 1 }));
    expect(losses(await collect({ reinitializedLayers: 1 }))).toEqual(first);
    expect(losses(await collect({}))[0]).not.toBeCloseTo(first[0]!, 3);
  });

  it('refuses options that contradict each other', async () => {
    await expect(collect({ reinitializedLayers: 3 })).rejects.toThrow('more than the 2 layers');
    await expect(collect({ weightAveraging: 4 })).rejects.toThrow('more than the 3 epochs');
  });

  it('refuses to balance what has one class alone, and frees everything', async () => {
    const before = memory().numTensors;
    const training = sentences.filter(({ label }) => label === 1);
    await expect(collect({ classWeights: 'balanced' }, training)).rejects.toThrow('both classes');
    expect(memory().numTensors).toBe(before);
  });

  /** The same run without the renumbering of word pieces. */
  async function trainFullTable(changes: Partial<Hyperparameters>): Promise<Map<string, NamedTensor>> {
    const settled = { ...hyperparameters, ...changes };
    const store = engine.createParameterStore(initialParameters(folder.config, folder.weights, settled.seed));
    const lengths = sentences.map((sentence) => sentence.tokenIds.length);
    const trainer = new Trainer(folder.config, store, sentences, settled);
    for await (const _step of trainer.train(1, epochBatches(lengths, settled.batchSize, settled.seed, 1)));
    const parameters = new Map(store.names.map((name) => [name, store.export(name)]));
    store.dispose();
    return parameters;
  }
});

function expectSame(actual: Map<string, NamedTensor>, expected: Map<string, NamedTensor>): void {
  for (const [name, tensor] of expected) {
    // See exactness.spec.ts: AdamW makes noise of this bias.
    if (name.endsWith('attention.self.key.bias')) continue;
    expect(worstDifference(tensor.data, actual.get(name)!.data), name).toBeLessThan(1e-6);
  }
}

function worstDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}
