import { memory } from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import type { Engine } from '../engines/engine.js';
import { startEngine } from '../engines/start.js';
import { CheckpointMismatchError } from '../errors.js';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import { writeSafetensors } from '../weights/safetensors.js';
import { openCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { FineTuningEvent } from './events.js';
import type { Example } from './example.js';
import { fineTune, type FineTuningJob } from './fine-tune.js';
import { defaultHyperparameters, type Hyperparameters } from './hyperparameters.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const { sentences } = JSON.parse(readFileSync(`${goldensFolder}bert/goldens.json`, 'utf8')) as {
  sentences: Example[];
};
const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Everything on that has a state of its own, or draws random numbers. */
const everything: Hyperparameters = {
  ...defaultHyperparameters,
  batchSize: 3,
  epochs: 3,
  learningRate: 2e-3,
  maxLength: 64,
  dropout: 0.1,
  weightDecay: 0.01,
  gradientAccumulationSteps: 2,
  evaluationSteps: 3,
  weightAveraging: 2,
  layerwiseLearningRateDecay: 0.9,
  rDrop: 1,
};

describe.each(engines)('a fine-tuning on %s', (name) => {
  let engine: Engine;
  let model: ModelFolder;
  beforeAll(async () => {
    engine = await startEngine(name);
    model = openModelFolder(`${goldensFolder}tiny-bert`);
  });
  afterAll(() => model.weights.close());

  const jobOf = (hyperparameters: Hyperparameters): FineTuningJob => ({
    engine,
    config: model.config,
    weights: model.weights,
    training: sentences,
    validation: sentences.slice(0, 6),
    hyperparameters,
  });

  /** What an event says, its weights as a sum; times are left out. */
  function told(event: FineTuningEvent): object {
    if (event.type === 'checkpoint') throw new Error('A checkpoint is no news.');
    if (event.type === 'epoch') return { ...event, trainingSeconds: null };
    if (event.type !== 'evaluation') return event;
    const hash = createHash('sha256');
    for (const { name: parameter, data } of event.weights()) {
      hash.update(parameter).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return { ...event, weights: hash.digest('hex') };
  }

  async function undisturbed(hyperparameters: Hyperparameters): Promise<object[]> {
    const events: object[] = [];
    for await (const event of fineTune(jobOf(hyperparameters))) events.push(told(event));
    return events;
  }

  /** Trains with a checkpoint wherever there may be one. */
  async function withCheckpoints(hyperparameters: Hyperparameters) {
    const events: object[] = [];
    const checkpoints: { file: string; eventsBefore: number }[] = [];
    for await (const event of fineTune({ ...jobOf(hyperparameters), isCheckpointDue: () => true })) {
      if (event.type !== 'checkpoint') {
        events.push(told(event));
        continue;
      }
      const file = path.join(folder, `${name}-${checkpoints.length}.safetensors`);
      writeCheckpoint(file, event);
      checkpoints.push({ file, eventsBefore: events.length });
    }
    return { events, checkpoints };
  }

  async function resumed(hyperparameters: Hyperparameters, file: string): Promise<object[]> {
    const checkpoint = openCheckpoint(file);
    const events: object[] = [];
    try {
      for await (const event of fineTune({ ...jobOf(hyperparameters), checkpoint })) events.push(told(event));
    } finally {
      checkpoint.tensors.close();
    }
    return events;
  }

  it('ends with the same bits from whichever checkpoint it resumes', { timeout: 120_000 }, async () => {
    const before = memory().numTensors;
    const reference = await undisturbed(everything);
    const { events, checkpoints } = await withCheckpoints(everything);
    expect(events).toEqual(reference);
    // After each step but those that an evaluation follows, after evaluations between, and at the ends of the epochs.
    const steps = events.filter((event) => (event as FineTuningEvent).type === 'step').length;
    expect(checkpoints.length).toBe(steps);
    for (const { file, eventsBefore } of checkpoints) {
      expect(await resumed(everything, file), file).toEqual(reference.slice(eventsBefore));
    }
    expect(memory().numTensors).toBe(before);
  });

  it('ends with the same bits where an evaluation was broken off', { timeout: 60_000 }, async () => {
    const reference = await undisturbed(everything);
    const types = reference.map((event) => (event as FineTuningEvent).type);
    // Between the steps of an epoch, and at the end of one.
    for (const evaluation of [types.indexOf('evaluation'), types.indexOf('epoch') - 1]) {
      const stop = new AbortController();
      const events = fineTune({
        ...jobOf(everything),
        signal: stop.signal,
        isCheckpointDue: () => stop.signal.aborted,
      });
      let seen = 0;
      const file = path.join(folder, `${name}-broken-off.safetensors`);
      const interrupted = async () => {
        for await (const event of events) {
          if (event.type !== 'checkpoint') {
            // The last step before the evaluation has been told.
            if (++seen === evaluation) stop.abort();
          } else if (stop.signal.aborted) {
            expect(event.progress.isEvaluationDue).toBe(true);
            writeCheckpoint(file, event);
          }
        }
      };
      await expect(interrupted()).rejects.toThrow('aborted');
      expect(seen).toBe(evaluation);
      expect(await resumed(everything, file)).toEqual(reference.slice(evaluation));
    }
  });

  it('still stops early, after as many evaluations', { timeout: 60_000 }, async () => {
    const stopping = { ...everything, learningRate: 1e-7, epochs: 9, earlyStoppingPatience: 5 };
    const reference = await undisturbed(stopping);
    const stop = reference.findIndex((event) => (event as FineTuningEvent).type === 'stoppedEarly');
    expect(stop).toBeGreaterThan(0);
    const { checkpoints } = await withCheckpoints(stopping);
    for (const { file, eventsBefore } of checkpoints.filter((_, index) => index % 3 === 0)) {
      expect(await resumed(stopping, file)).toEqual(reference.slice(eventsBefore));
    }
    const last = checkpoints.at(-1)!;
    expect(await resumed(stopping, last.file)).toEqual(reference.slice(last.eventsBefore));
  });

  it('averages the last epochs where it goes on for more of them', { timeout: 60_000 }, async () => {
    const { checkpoints } = await withCheckpoints(everything);
    // Of the three epochs, the last two are averaged by now.
    const checkpoint = openCheckpoint(checkpoints.at(-1)!.file);
    expect(checkpoint.progress.average.count).toBe(2);
    const longer = { ...everything, epochs: 5 };
    const averages = [];
    for await (const event of fineTune({ ...jobOf(longer), checkpoint, isCheckpointDue: () => false })) {
      if (event.type === 'checkpoint') averages.push(event.progress.average.count);
    }
    expect(averages).toEqual([1, 2]);
    checkpoint.tensors.close();
  });

  it('refuses a checkpoint of other examples, of another model, and a file that is none', async () => {
    const { checkpoints } = await withCheckpoints({ ...everything, epochs: 1, weightAveraging: 0 });
    const checkpoint = openCheckpoint(checkpoints[0]!.file);
    const refuse = async (changes: Partial<FineTuningJob>) => {
      const events = fineTune({ ...jobOf(everything), checkpoint, ...changes });
      await expect(events.next()).rejects.toThrow(CheckpointMismatchError);
    };
    const before = memory().numTensors;
    await refuse({ training: sentences.slice(0, 3), validation: sentences.slice(0, 3) });
    await refuse({ config: { ...model.config, numHiddenLayers: model.config.numHiddenLayers - 1 } });
    expect(memory().numTensors).toBe(before);
    checkpoint.tensors.close();

    const other = path.join(folder, 'other.safetensors');
    writeSafetensors(
      other,
      [{ name: 'x', shape: [1] }],
      [{ name: 'x', shape: [1], data: new Float32Array(1) }],
    );
    expect(() => openCheckpoint(other)).toThrow(CheckpointMismatchError);
  });
});
