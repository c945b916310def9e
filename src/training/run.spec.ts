import { describe, expect, it } from 'vitest';
import { assertTransition, bestEvaluation, hasEnded, predecessors, runStatuses } from './run.js';

describe('the states of a run', () => {
  it('lead from queued through running to an end, and back into the queue', () => {
    const allowed = runStatuses.flatMap((from) =>
      runStatuses.filter((to) => predecessors(to).includes(from)).map((to) => `${from} → ${to}`),
    );
    expect(allowed).toEqual([
      'queued → preparing',
      'queued → paused',
      'queued → cancelled',
      'preparing → queued',
      'preparing → running',
      'preparing → paused',
      'preparing → interrupted',
      'preparing → failed',
      'preparing → cancelled',
      'running → paused',
      'running → interrupted',
      'running → succeeded',
      'running → failed',
      'running → cancelled',
      'paused → queued',
      'paused → cancelled',
      'interrupted → queued',
      'interrupted → cancelled',
    ]);
    for (const from of runStatuses) {
      for (const to of runStatuses) {
        if (allowed.includes(`${from} → ${to}`)) expect(() => assertTransition(from, to)).not.toThrow();
        else expect(() => assertTransition(from, to)).toThrow('This is a bug');
      }
    }
  });

  it('end three ways', () => {
    expect(runStatuses.filter(hasEnded)).toEqual(['succeeded', 'failed', 'cancelled']);
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
