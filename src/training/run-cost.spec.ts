import { describe, expect, it } from 'vitest';
import { scaled, secondsOf, totalOf, type RunWork } from './run-cost.js';

const work: RunWork = { trainedTokens: 30_000, judgedTokens: 1000, evaluations: 3, weightBytes: 150e6 };

describe('the cost of a run', () => {
  it('is its tokens and its weights', () => {
    const seconds = secondsOf(work, 0.003, 4);
    expect(seconds.preparing).toBe(4);
    expect(seconds.training).toBeCloseTo(90, 9);
    // The weights are read once; an evaluation judges for a second and writes for a second.
    expect(seconds.evaluating).toBeCloseTo(1 + 3 * 2, 9);
    expect(seconds.closing).toBeCloseTo(0.5 + 3 + 1, 9);
    expect(totalOf(seconds)).toBeCloseTo(4 + 90 + 7 + 4.5, 9);
  });

  it('is that of an earlier run for the same work', () => {
    const measured = { preparing: 1, training: 60, evaluating: 20, closing: 3 };
    const again = scaled(measured, work, work);
    for (const part of ['preparing', 'training', 'evaluating', 'closing'] as const) {
      expect(again[part]).toBeCloseTo(measured[part], 9);
    }
  });

  it('changes from an earlier run as the model does, part by part', () => {
    const measured = { preparing: 1, training: 90, evaluating: 14, closing: 9 };
    const other = scaled(measured, work, { ...work, trainedTokens: 60_000, evaluations: 6 });
    expect(other.training).toBeCloseTo(180, 9);
    // Twice the seven seconds of the model, of which there are thirteen now.
    expect(other.evaluating).toBeCloseTo(2 * 13, 9);
    expect(other.closing).toBeCloseTo(9, 9);
  });
});
