import { expect, it } from 'vitest';
import { VOCABULARY } from '../harness/random-model.mjs';
import { fullRows, PIECES } from './rows.mjs';
import { chosenTrainingWorks, readTrainingOptions } from './works.mjs';

const chosen = (...args) => chosenTrainingWorks(readTrainingOptions(args));

it('compares all works, or those that are named by one of their rows', () => {
  expect(chosen().map(({ kind }) => kind)).toEqual(['step', 'step', 'step', 'step', 'epoch']);
  expect(chosen('--only', 'wasm', '--only', 'memory').map(({ name }) => name)).toEqual([
    'step, BERT-base, 32 × 32',
    'step, MiniLM-L6, 32 × 16, wasm engine',
  ]);
  expect(chosen('--only', 'length-bucketed').map(({ kind }) => kind)).toEqual(['epoch']);
});

it('takes fewer steps, with an end, where it must be quick', () => {
  const quick = chosen('--quick', '--only', 'step,');
  const whole = chosen('--only', 'step,');
  expect(quick).toHaveLength(4);
  quick.forEach(({ measure }, i) => expect(measure.steps).toBeLessThan(whole[i].measure.steps));
  const limits = quick.map(({ measure }) => measure.limitSeconds);
  expect(limits.reduce((sum, limit) => sum + limit, 0)).toBeLessThan(180);
});

it('has works of its own on a GPU', () => {
  expect(chosen('--gpu', '--only', 'tf32').map(({ batchSize, engine }) => [batchSize, engine])).toEqual([
    [32, 'tensorflow-gpu'],
    [256, 'tensorflow-gpu'],
  ]);
});

it('says how it is used', () => {
  expect(() => readTrainingOptions(['--fast'])).toThrow(/--fast.*Usage: npm run bench:training.*--gpu/s);
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
