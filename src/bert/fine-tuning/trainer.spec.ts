import { memory } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import type { Engine } from '../engines/engine.js';
import { startEngine } from '../engines/start.js';
import { disposeBatch, makeBatch } from '../network/batch.js';
import { classify } from '../network/classifier.js';
import { DropoutPlaces } from '../network/dropout-places.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import type { StepEvent } from './events.js';
import type { Example } from './example.js';
import { defaultHyperparameters, type Hyperparameters } from './hyperparameters.js';
import { initialParameters } from './initial-parameters.js';
import type { ParameterStore } from '../engines/parameter-store.js';
import { Trainer } from './trainer.js';

/** The tiny BERT, trained by PyTorch with many options at once: see test/goldens/README.md. */
const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const readJson = (name: string): unknown => JSON.parse(readFileSync(goldensFolder + name, 'utf8'));
const { sentences } = readJson('bert/goldens.json') as { sentences: Example[] };
const { training: golden } = readJson('options.json') as {
  training: Pick<
    Hyperparameters,
    | 'learningRate'
    | 'schedule'
    | 'warmupRatio'
    | 'layerwiseLearningRateDecay'
    | 'labelSmoothing'
    | 'weightDecay'
    | 'maxGradientNorm'
  > & {
    classWeights: [number, number];
    steps: { rows: number[]; loss: number; gradientNorm: number }[];
    logitsAfter: number[][];
  };
};
const batches = golden.steps.map(({ rows }) => rows);

describe.each(engines)('Trainer on %s', (name) => {
  let engine: Engine;
  let folder: ModelFolder;

  beforeAll(async () => {
    engine = await startEngine(name);
    folder = openModelFolder(`${goldensFolder}tiny-bert`);
  });
  afterAll(() => folder.weights.close());

  /** Trains on the golden's batches; five epochs of one step each, since what counts is how many there are. */
  async function train(
    changes: Partial<Hyperparameters>,
    on = batches,
  ): Promise<{ steps: StepEvent[]; logits: number[] }> {
    const { steps: _steps, logitsAfter: _logits, ...options } = golden;
    const hyperparameters: Hyperparameters = {
      ...defaultHyperparameters,
      ...options,
      epochs: batches.length,
      batchSize: sentences.length,
      dropout: 0,
      maxLength: 64,
      ...changes,
    };
    const store = engine.createParameterStore(initialParameters(folder.config, folder.weights, 1));
    const steps: StepEvent[] = [];
    const trainer = new Trainer(folder.config, store, sentences, hyperparameters);
    for await (const step of trainer.train(1, on)) steps.push(step);
    const logits = logitsOf(store);
    store.dispose();
    return { steps, logits };
  }

  function logitsOf(store: ParameterStore): number[] {
    const parameters = store.read();
    const batch = makeBatch(
      sentences.map((sentence) => sentence.tokenIds),
      sentences.map((sentence) => sentence.label),
      folder.config.padTokenId,
    );
    const logits = classify(folder.config, parameters, batch, DropoutPlaces.off());
    const values = [...logits.dataSync()];
    logits.dispose();
    disposeBatch(batch);
    parameters.release();
    return values;
  }

  it.each([
    ['in one pass', {}],
    ['in passes of 2', { batchSize: 2, gradientAccumulationSteps: 6 }],
    ['in passes of 5, the last one smaller', { batchSize: 5, gradientAccumulationSteps: 3 }],
  ])(
    "makes PyTorch's steps with cosine schedule, layer-wise decay, label smoothing and class weights, %s",
    async (_how, changes) => {
      const before = memory().numTensors;
      const { steps, logits } = await train(changes);
      expect(memory().numTensors).toBe(before);
      golden.steps.forEach(({ loss, gradientNorm, rows }, i) => {
        expect(Math.abs(steps[i]!.loss - loss), `loss of step ${i + 1}`).toBeLessThan(1e-5);
        expect(steps[i]!.gradientNorm).toBeCloseTo(gradientNorm, 4);
        expect(steps[i]!.examples).toBe(rows.length);
      });
      golden.logitsAfter
        .flat()
        .forEach((value, i) => expect(Math.abs(logits[i]! - value), `logit ${i}`).toBeLessThan(5e-5));
    },
  );

  it('gives each pass dropout masks of its own', async () => {
    const firstLoss = async (batch: number[], dropout: number) => {
      const changes = { batchSize: 1, gradientAccumulationSteps: 2, dropout };
      return (await train(changes, [batch])).steps[0]!.loss;
    };
    // The same example in two passes: under the same mask its mean loss would be that of one.
    expect(await firstLoss([2, 2], 0)).toBeCloseTo(await firstLoss([2], 0), 6);
    expect(await firstLoss([2, 2], 0.4)).not.toBeCloseTo(await firstLoss([2], 0.4), 2);
    expect(await firstLoss([2, 2], 0.4)).toBe(await firstLoss([2, 2], 0.4));
  });

  it('judges each example under two dropout masks with R-Drop', async () => {
    const firstLoss = async (changes: Partial<Hyperparameters>) =>
      (await train({ batchSize: 4, ...changes }, [[0, 1, 2, 3]])).steps[0]!;
    const [alpha1, alpha2, alpha3] = [
      await firstLoss({ rDrop: 1, dropout: 0.3 }),
      await firstLoss({ rDrop: 2, dropout: 0.3 }),
      await firstLoss({ rDrop: 3, dropout: 0.3 }),
    ];
    // Cross-entropy and divergence are the same, so the loss grows in a line with α.
    expect(alpha2.loss - alpha1.loss).toBeGreaterThan(1e-3);
    expect(alpha3.loss - alpha2.loss).toBeCloseTo(alpha2.loss - alpha1.loss, 5);
    expect(alpha1.examples).toBe(4);
    // Without dropout both judgements are the same.
    const plain = await firstLoss({ dropout: 0 });
    expect((await firstLoss({ rDrop: 4, dropout: 0 })).loss).toBeCloseTo(plain.loss, 6);
  });
});
