import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  confusionMatrixOf,
  evaluatePredictions,
  judgementsOf,
  matthewsCorrelation,
  type Evaluation,
} from './evaluation.js';

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/evaluation.json', import.meta.url), 'utf8'),
) as { cases: { name: string; labels: number[]; logits: number[][]; evaluation: Evaluation }[] };

describe('evaluatePredictions', () => {
  it.each(goldens.cases)(
    "gives scikit-learn's and PyTorch's figures: $name",
    ({ labels, logits, evaluation }) => {
      const found = evaluatePredictions(labels, Float32Array.from(logits.flat()));
      expect(found.confusionMatrix).toEqual(evaluation.confusionMatrix);
      expect(found.rows).toBe(evaluation.rows);
      expect(found.loss).toBeCloseTo(evaluation.loss, 10);
      expect(found.accuracy).toBeCloseTo(evaluation.accuracy, 12);
      expect(found.mcc).toBeCloseTo(evaluation.mcc, 12);
    },
  );

  it('refuses rows that do not match', () => {
    expect(() => evaluatePredictions([], new Float32Array(0))).toThrow('0 labels');
    expect(() => evaluatePredictions([1, 0], new Float32Array(2))).toThrow('2 labels and 2 logits');
  });
});

describe('judgementsOf', () => {
  it.each(goldens.cases)(
    'judges each row as the evaluation does: $name',
    ({ labels, logits, evaluation }) => {
      const kept = judgementsOf(labels, Float32Array.from(logits.flat()));
      expect([...kept.labels]).toEqual(labels);
      const matrix = confusionMatrixOf(kept.labels, (row) => kept.logOdds[row]! > 0);
      expect(matrix).toEqual(evaluation.confusionMatrix);
    },
  );

  it('judges by a difference in the last digit', () => {
    const [one] = Float32Array.of(0.1);
    const next = new Float32Array(
      Uint32Array.of(new Uint32Array(Float32Array.of(0.1).buffer)[0]! + 1).buffer,
    );
    const { logOdds } = judgementsOf([1, 0], [one!, next[0]!, next[0]!, one!]);
    expect([logOdds[0]! > 0, logOdds[1]! < 0]).toEqual([true, true]);
  });
});

describe('matthewsCorrelation', () => {
  it('keeps its digits for a large set', () => {
    const million = { truePositives: 6e8, falsePositives: 1e8, trueNegatives: 2e8, falseNegatives: 5e7 };
    const thousand = { truePositives: 600, falsePositives: 100, trueNegatives: 200, falseNegatives: 50 };
    expect(matthewsCorrelation(million)).toBeCloseTo(matthewsCorrelation(thousand), 12);
  });
});
