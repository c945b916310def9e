import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidModelError } from '../errors.js';
import { quantiseWeight } from './int8-weights.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/int8.json', import.meta.url), 'utf8'),
) as { weights: { name: string; weight: number[][]; values: number[][]; scales: number[] }[] };

const quantise = (rows: readonly (readonly number[])[]) =>
  quantiseWeight('some.weight', Float32Array.from(rows.flat()), rows.length);

describe('quantiseWeight', () => {
  it.each(goldens.weights)(
    "rounds as ONNX Runtime's quantisation does: $name",
    ({ weight, values, scales }) => {
      const found = quantise(weight);
      expect([...found.scales]).toEqual(scales);
      const byOutput = values.map((row, output) =>
        row.map((_, input) => found.values[input * values.length + output]),
      );
      expect(byOutput).toEqual(values);
    },
  );

  it('gives an output of zeros zeros', () => {
    const { values, scales } = quantise([
      [0, 0, 0],
      [-0, 0, 1],
    ]);
    expect([...values]).toEqual([0, 0, 0, 0, 0, 64]);
    expect([...scales]).toEqual([1, 1 / 64]);
  });

  it('stays within what two products of a byte may add up to in 16 bits', () => {
    const { values } = quantise([[3e38, -3e38, 1e-3, 0.1 + 0.2]]);
    expect(2 * 255 * Math.max(...values.map(Math.abs))).toBeLessThan(2 ** 15);
    expect([...values]).toEqual([64, -64, 0, 0]);
  });

  it.each([NaN, Infinity, -Infinity])('refuses %f', (wrong) => {
    expect(() => quantise([[0, 1, wrong]])).toThrow(InvalidModelError);
    expect(() => quantise([[wrong, 1, 0]])).toThrow('some.weight has a weight that is not a finite number');
  });
});
