import { memory } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { architectures } from '../architectures/index.js';
import { engines } from '../../../test/support/engines.js';
import type { Engine } from '../engines/engine.js';
import { startEngine } from '../engines/start.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import { parameterShapes } from '../weights/parameter-shapes.js';
import { epochBatches } from './batches.js';
import { CompactVocabulary } from './compact-vocabulary.js';
import type { Example } from './example.js';
import { fineTune } from './fine-tune.js';
import { defaultHyperparameters, type Hyperparameters } from './hyperparameters.js';
import { initialParameters } from './initial-parameters.js';
import { Trainer } from './trainer.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const cases = engines.flatMap((engine) => Object.keys(architectures).map((type) => [type, engine] as const));

/** One epoch. Dropout is on: its masks do not depend on the vocabulary. */
const hyperparameters: Hyperparameters = {
  ...defaultHyperparameters,
  epochs: 1,
  batchSize: 3,
  learningRate: 2e-3,
  maxLength: 64,
};

interface Trained {
  losses: number[];
  weights: Map<string, Float32Array>;
}

describe.each(cases)('the compacted word embeddings of %s on %s', (type, engineName) => {
  let engine: Engine;
  let folder: ModelFolder;
  let sentences: Example[];

  beforeAll(async () => {
    engine = await startEngine(engineName);
    folder = openModelFolder(join(goldensFolder, `tiny-${type}`));
    const goldens = readFileSync(join(goldensFolder, type, 'goldens.json'), 'utf8');
    ({ sentences } = JSON.parse(goldens) as { sentences: Example[] });
  });

  afterAll(() => folder.weights.close());

  it('give the losses and the weights of the full table', async () => {
    const before = memory().numTensors;
    const compacted = await trainCompacted();
    const full = await trainFull();
    expect(compacted.losses).toHaveLength(4);
    for (const [i, loss] of full.losses.entries())
      expect(Math.abs(compacted.losses[i]! - loss)).toBeLessThan(1e-6);
    expect([...compacted.weights.keys()]).toEqual([...parameterShapes(folder.config).keys()]);
    for (const [name, values] of full.weights) {
      // See exactness.spec.ts: AdamW makes noise of this bias.
      if (name.endsWith('attention.self.key.bias')) continue;
      const others = compacted.weights.get(name)!;
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - others[i]!)), 0);
      expect(others.length, name).toBe(values.length);
      expect(worst, name).toBeLessThan(1e-6);
    }
    expect(memory().numTensors).toBe(before);
  });

  async function trainCompacted(): Promise<Trained> {
    const trained: Trained = { losses: [], weights: new Map() };
    const { config, weights } = folder;
    const task = { engine, config, weights, training: sentences, validation: sentences, hyperparameters };
    for await (const event of fineTune(task)) {
      if (event.type === 'step') trained.losses.push(event.loss);
      if (event.type === 'evaluation')
        for (const { name, data } of event.weights()) trained.weights.set(name, data);
    }
    return trained;
  }

  async function trainFull(): Promise<Trained> {
    const { config, weights } = folder;
    const { batchSize, seed } = hyperparameters;
    const store = engine.createParameterStore(initialParameters(config, weights, seed));
    const lengths = sentences.map((sentence) => sentence.tokenIds.length);
    const losses: number[] = [];
    const trainer = new Trainer(config, store, sentences, hyperparameters);
    for await (const step of trainer.train(1, epochBatches(lengths, batchSize, seed, 1)))
      losses.push(step.loss);
    const trained = new Map(store.names.map((name) => [name, store.export(name).data]));
    store.dispose();
    return { losses, weights: trained };
  }
});

describe('CompactVocabulary', () => {
  it('numbers the pieces that occur, and padding, in ascending order', () => {
    const vocabulary = new CompactVocabulary([[7, 3], [9]], 1);
    expect(vocabulary.size).toBe(4);
    expect([1, 3, 7, 9].map((piece) => vocabulary.compactId(piece))).toEqual([0, 1, 2, 3]);
  });

  it('takes the rows of a table out and puts them back, the others decayed', () => {
    const vocabulary = new CompactVocabulary([[2, 0]], 0);
    const table = { name: 'words', shape: [4, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const compact = vocabulary.compact(table);
    expect(compact).toEqual({ name: 'words', shape: [2, 2], data: Float32Array.of(1, 2, 5, 6) });
    const trained = { ...compact, data: Float32Array.of(10, 20, 50, 60) };
    const expected = Float32Array.of(10, 20, 1.5, 2, 50, 60, 3.5, 4);
    expect(vocabulary.expand(table, trained, 0.5)).toEqual({ ...table, data: expected });
  });
});
