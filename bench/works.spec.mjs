import { describe, expect, it } from 'vitest';
import { readOptions } from './options.mjs';
import { VOCABULARY } from './random-model.mjs';
import { fullRows, PIECES } from './rows.mjs';
import { chosenWorks } from './works.mjs';

describe('the works that are compared', () => {
  it('are all of them, or those that are named', () => {
    const all = chosenWorks(readOptions([]));
    expect(all.steps).toHaveLength(4);
    expect(all.epochs).toBeDefined();
    const some = chosenWorks(readOptions(['--only', 'wasm', '--only', 'memory']));
    expect(some.steps.map(({ name }) => name)).toEqual([
      'step, BERT-base, 32 × 32',
      'step, MiniLM-L6, 32 × 16, wasm engine',
    ]);
    expect(some.epochs).toBeUndefined();
  });

  it('are fewer steps, with an end, where it must be quick', () => {
    const quick = chosenWorks(readOptions(['--quick']));
    const whole = chosenWorks(readOptions([]));
    quick.steps.forEach(({ measure }, i) => expect(measure.steps).toBeLessThan(whole.steps[i].measure.steps));
    const limits = quick.steps.map(({ measure }) => measure.limitSeconds);
    expect(limits.reduce((sum, limit) => sum + limit, 0)).toBeLessThan(180);
  });

  it('are of their own on a GPU', () => {
    const { steps, epochs } = chosenWorks(readOptions(['--gpu', '--only', 'tf32']));
    expect(steps.map(({ batchSize, engine }) => [batchSize, engine])).toEqual([
      [32, 'tensorflow-gpu'],
      [256, 'tensorflow-gpu'],
    ]);
    expect(epochs).toBeUndefined();
  });

  it('refuse an unknown option and say which there are', () => {
    expect(() => readOptions(['--fast'])).toThrow(/--fast.*--quick/s);
    expect(() => readOptions(['--threads', 'all'])).toThrow(/whole number/);
  });
});

it('makes rows without padding, of the pieces that a set like CoLA has', () => {
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  const rows = fullRows(6_000, 16, random);
  const pieces = new Set(rows.flatMap(({ tokenIds }) => tokenIds));
  expect(rows.every(({ tokenIds }) => tokenIds.length === 16)).toBe(true);
  expect(rows[0].tokenIds[0]).toBe(101);
  expect(rows[0].tokenIds[15]).toBe(102);
  expect(pieces.size).toBe(PIECES + 2);
  expect(Math.max(...pieces)).toBeLessThan(VOCABULARY);
});
