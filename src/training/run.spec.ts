import { describe, expect, it } from 'vitest';
import { assertTransition, bestEvaluation, hasEnded, predecessors, runStatuses } from './run.js';

describe('the states of a run', () => {
  it('lead from queued through running to an end', () => {
    const allowed = runStatuses.flatMap((from) =>
      runStatuses.filter((to) => predecessors(to).includes(from)).map((to) => `${from} → ${to}`),
    );
    expect(allowed).toEqual([
      'queued → running',
      'queued → cancelled',
      'running → succeeded',
      'running → failed',
      'running → cancelled',
      'running → interrupted',
    ]);
    for (const from of runStatuses) {
      for (const to of runStatuses) {
        if (allowed.includes(`${from} → ${to}`)) expect(() => assertTransition(from, to)).not.toThrow();
        else expect(() => assertTransition(from, to)).toThrow('This is a bug');
      }
    }
  });

  it('end four ways', () => {
    expect(runStatuses.filter(hasEnded)).toEqual(['succeeded', 'failed', 'cancelled', 'interrupted']);
  });
});

describe('bestEvaluation', () => {
  const validation = {
    rows: 1,
    loss: 1,
    accuracy: 1,
    mcc: 0,
    confusionMatrix: { truePositives: 1, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 },
  };
  const after = (step: number, best: boolean) => ({
    step,
    epoch: step / 10,
    averaged: false,
    validation,
    best,
  });

  it('is the last that was the best so far', () => {
    expect(bestEvaluation([after(5, true), after(10, true), after(15, false)])?.step).toBe(10);
    expect(bestEvaluation([])).toBeUndefined();
  });
});
