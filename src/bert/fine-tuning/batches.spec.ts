import { describe, expect, it } from 'vitest';
import { epochBatches, evaluationBatches, stepsPerEpoch } from './batches.js';

const lengths = Array.from({ length: 1003 }, (_, i) => 4 + ((i * 37) % 40));

describe('epochBatches', () => {
  it('has every example once, in as many batches as stepsPerEpoch says', () => {
    const batches = epochBatches(lengths, 16, 42, 1);
    expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    expect(batches).toHaveLength(stepsPerEpoch(lengths.length, 16));
  });

  it('is a pure function of seed and epoch', () => {
    expect(epochBatches(lengths, 16, 42, 1)).toEqual(epochBatches(lengths, 16, 42, 1));
    expect(epochBatches(lengths, 16, 42, 1)).not.toEqual(epochBatches(lengths, 16, 42, 2));
    expect(epochBatches(lengths, 16, 42, 1)).not.toEqual(epochBatches(lengths, 16, 43, 1));
  });

  it('pads far less than batches drawn at random would', () => {
    const computed = (batches: number[][]) =>
      batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map((i) => lengths[i]!)), 0);
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    expect(computed(epochBatches(lengths, 16, 42, 1)) / tokens).toBeLessThan(1.1);
  });

  it('does not go from short to long', () => {
    const longest = epochBatches(lengths, 16, 42, 1).map((batch) =>
      Math.max(...batch.map((i) => lengths[i]!)),
    );
    expect(longest).not.toEqual([...longest].sort((a, b) => a - b));
  });
});

describe('evaluationBatches', () => {
  it('has every example once, shortest first', () => {
    const order = evaluationBatches(lengths, 64).flat();
    expect([...order].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    const sorted = order.map((i) => lengths[i]!);
    expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
  });
});
