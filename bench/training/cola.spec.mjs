import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { epochBatches } from '../../src/bert/fine-tuning/batches.js';
import { statelessPhilox } from '../../src/bert/random.js';
import { packedPieces, readCola, sampleOfEpoch } from './cola.mjs';

it('reads sentences and labels, quotes and all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-cola-'));
  const path = join(folder, 'rows.tsv');
  writeFileSync(path, 'x01\t1\t\tA cat sat.\nx01\t0\t*\t"Sat cat a.\n');
  const tokenizer = {
    encode: (sentence) => ({ tokenIds: [...sentence].map((letter) => letter.charCodeAt(0)) }),
  };
  const rows = readCola(path, tokenizer);
  rmSync(folder, { recursive: true });
  expect(rows.map(({ label }) => label)).toEqual([1, 0]);
  expect(String.fromCharCode(...rows[1].tokenIds)).toBe('"Sat cat a.');
});

it('samples an epoch so that its sentences are as long as all of them', () => {
  const random = statelessPhilox(1, 0);
  const examples = Array.from({ length: 8_000 }, () => ({
    tokenIds: new Array(4 + Math.floor(-8 * Math.log(1 - random.nextFloat()))).fill(7),
  }));
  const mean = (some) => some.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0) / some.length;
  const lengths = examples.map(({ tokenIds }) => tokenIds.length);
  const batches = epochBatches(lengths, 32, 1, 1);
  const sample = sampleOfEpoch(examples, batches, 24);
  expect(sample.length).toBeGreaterThanOrEqual(32 * 10);
  expect(sample.length).toBeLessThanOrEqual(32 * 11);
  expect(mean(sample) / mean(examples)).toBeCloseTo(1, 1);
  const whole = sampleOfEpoch(examples, batches, 1);
  expect(new Set(whole)).toEqual(new Set(examples));
});

it('lays every piece out once', () => {
  const examples = [
    { tokenIds: [5, 6, 7] },
    { tokenIds: [7, 8, ...Array.from({ length: 100 }, (_, i) => i)] },
  ];
  const rows = packedPieces(examples);
  expect(rows.map(({ tokenIds }) => tokenIds.length)).toEqual([64, 36]);
  expect(rows.flatMap(({ tokenIds }) => tokenIds).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
});
