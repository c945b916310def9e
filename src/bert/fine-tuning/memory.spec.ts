import { describe, expect, it } from 'vitest';
import { parseBertConfig } from '../config.js';
import { assertFits, estimateTrainingMemory, JobTooLargeError } from './memory.js';

const bertBase = parseBertConfig({ model_type: 'bert' });
const miniLm = parseBertConfig({
  model_type: 'bert',
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
});
const vocabulary = 6000;
const plenty = 64 * 2 ** 30;
const step = (batchSize: number, length: number) => ({ batchSize, length, vocabulary });

describe('estimateTrainingMemory', () => {
  // The peak of live tensors in a step, measured with TF.js's own count: moments lie elsewhere.
  it.each([
    ['MiniLM-L6', miniLm, 32, 16, 470],
    ['MiniLM-L6', miniLm, 8, 64, 536],
    ['MiniLM-L6', miniLm, 32, 64, 1687],
    ['BERT-base', bertBase, 32, 16, 2326],
    ['BERT-base', bertBase, 32, 32, 3708],
  ])('agrees with what %s took (%#)', (_name, config, batchSize, length, megabytes) => {
    const { parameters, activations } = estimateTrainingMemory(config, step(batchSize, length));
    const ratio = (parameters + activations) / 2 ** 20 / megabytes;
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  });

  it('counts no more pieces than the model knows', () => {
    const all = estimateTrainingMemory(bertBase, { ...step(1, 8), vocabulary: 30_522 });
    expect(estimateTrainingMemory(bertBase, { ...step(1, 8), vocabulary: 99_999 })).toEqual(all);
    expect(all.moments).toBe(2 * 4 * 109_483_778);
  });
});

describe('assertFits', () => {
  it('refuses BERT-base at 32 × 32 on wasm, with advice', () => {
    expect(() => assertFits(bertBase, step(32, 32), 'wasm', plenty)).toThrow(JobTooLargeError);
    expect(() => assertFits(bertBase, step(32, 32), 'wasm', plenty)).toThrow(
      /smaller batchSize.*native TensorFlow/,
    );
  });

  it.each([16, 32, 64])('takes MiniLM-L6 at 32 × %i on wasm', (length) => {
    expect(() => assertFits(miniLm, step(32, length), 'wasm', plenty)).not.toThrow();
  });

  it('takes BERT-base at 32 × 16 on wasm and at 32 × 128 on native TensorFlow', () => {
    expect(() => assertFits(bertBase, step(32, 16), 'wasm', plenty)).not.toThrow();
    expect(() => assertFits(bertBase, step(32, 128), 'tensorflow', plenty)).not.toThrow();
  });

  it('refuses what the machine cannot hold, on any engine', () => {
    for (const engine of ['wasm', 'tensorflow'] as const) {
      expect(() => assertFits(miniLm, step(32, 32), engine, 2 ** 29)).toThrow(/0\.5 GiB of memory/);
    }
  });
});
