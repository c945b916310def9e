import { describe, expect, it } from 'vitest';
import { parseEncoderConfig } from '../config.js';
import { defaultHyperparameters } from './hyperparameters.js';
import {
  assertFits,
  estimateProcessMemory,
  estimateTrainingMemory,
  JobTooLargeError,
  stepSizeOf,
  type MemoryRoom,
} from './memory.js';

const bertBase = parseEncoderConfig({ model_type: 'bert' });
const miniLm = parseEncoderConfig({
  model_type: 'bert',
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
});
const vocabulary = 6000;
const plenty = { most: 64 * 2 ** 30, now: 64 * 2 ** 30 };
const step = (batchSize: number, length: number) => ({ batchSize, length, vocabulary });

describe('estimateTrainingMemory', () => {
  // The peak of live tensors in a step, measured with TF.js's own count: moments lie elsewhere.
  it.each([
    ['MiniLM-L6', miniLm, 32, 16, 172],
    ['MiniLM-L6', miniLm, 8, 64, 183],
    ['MiniLM-L6', miniLm, 64, 16, 283],
    ['MiniLM-L6', miniLm, 32, 128, 1159],
    ['BERT-base', bertBase, 8, 16, 713],
    ['BERT-base', bertBase, 32, 16, 823],
    ['BERT-base', bertBase, 32, 32, 1171],
    ['BERT-base', bertBase, 16, 64, 1204],
    ['BERT-base', bertBase, 32, 64, 2023],
  ])('agrees with what %s took (%#)', (_name, config, batchSize, length, megabytes) => {
    const ratio = estimateTrainingMemory(config, step(batchSize, length)).step / 2 ** 20 / megabytes;
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  });

  it('counts no more pieces than the model knows', () => {
    const all = estimateTrainingMemory(bertBase, { ...step(1, 8), vocabulary: 30_522 });
    expect(estimateTrainingMemory(bertBase, { ...step(1, 8), vocabulary: 99_999 })).toEqual(all);
    expect(all.moments).toBe(2 * 4 * 109_483_778);
  });

  it('counts embeddings that are narrower than the states', () => {
    const electraSmall = parseEncoderConfig({ model_type: 'electra' });
    const { moments } = estimateTrainingMemory(electraSmall, step(32, 16));
    expect(moments).toBe(2 * 4 * (13_549_314 - (30_522 - vocabulary) * 128));
  });

  it('counts what the options need', () => {
    const plain = estimateTrainingMemory(miniLm, step(8, 16));
    const options = { ...defaultHyperparameters, batchSize: 8 };
    const of = (changes: Partial<typeof options>, examples = 100) =>
      estimateTrainingMemory(miniLm, stepSizeOf({ ...options, ...changes }, examples, step(8, 16)));
    expect(of({})).toEqual(plain);
    expect(of({ rDrop: 1 })).toEqual(estimateTrainingMemory(miniLm, step(16, 16)));
    expect(of({ weightAveraging: 2 })).toEqual({ ...plain, moments: (3 / 2) * plain.moments });
    expect(of({ gradientAccumulationSteps: 2 })).toEqual({ ...plain, step: plain.step + plain.moments / 2 });
    expect(of({ gradientAccumulationSteps: 2 }, 8)).toEqual(plain);
  });
});

describe('assertFits', () => {
  const wasm = { engine: 'wasm', rows: 8551 } as const;
  const tensorflow = { engine: 'tensorflow', rows: 8551 } as const;

  it('refuses BERT-base at 32 × 128 on wasm', () => {
    expect(() => assertFits(bertBase, step(32, 128), wasm, plenty)).toThrow(JobTooLargeError);
    expect(() => assertFits(bertBase, step(32, 128), wasm, plenty)).toThrow(
      /GiB on the WebAssembly engine, whose memory ends at 4\.0 GiB\.$/,
    );
  });

  it.each([16, 32, 64])('takes MiniLM-L6 at 32 × %i on wasm', (length) => {
    expect(() => assertFits(miniLm, step(32, length), wasm, plenty)).not.toThrow();
  });

  it('takes BERT-base at 32 × 32 on wasm and at 32 × 128 on native TensorFlow', () => {
    expect(() => assertFits(bertBase, step(32, 32), wasm, plenty)).not.toThrow();
    expect(() => assertFits(bertBase, step(32, 128), tensorflow, plenty)).not.toThrow();
  });

  it.each([wasm, tensorflow])('takes what just fits, and refuses what does not (%#)', (job) => {
    const needed = estimateProcessMemory(miniLm, step(32, 32), job);
    expect(assertFits(miniLm, step(32, 32), job, { most: needed, now: needed })).toBe(needed);
    const refusal = (room: MemoryRoom) => {
      try {
        assertFits(miniLm, step(32, 32), job, room);
      } catch (error) {
        return error as JobTooLargeError;
      }
      return undefined;
    };
    expect(refusal({ most: needed - 1, now: needed - 1 })).toMatchObject({
      name: 'JobTooLargeError',
      code: 'job-too-large',
      memory: { needed, available: needed - 1 },
      passing: false,
      message: expect.stringMatching(/may take .* here at most\.$/),
    });
    expect(refusal({ most: needed, now: needed - 1 })).toMatchObject({
      code: 'job-too-large-now',
      passing: true,
      message: expect.stringMatching(/GiB are left for it\.$/),
    });
  });

  it('counts the rows', () => {
    const of = (rows: number) => estimateProcessMemory(miniLm, step(32, 32), { engine: 'wasm', rows });
    expect(of(1_000_000) - of(0)).toBeGreaterThan(700e6);
  });
});
