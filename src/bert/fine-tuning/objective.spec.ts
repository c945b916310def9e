import { grad, memory, tensor1d, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { startEngine } from '../engines/start.js';
import type { Example } from './example.js';
import { balancedWeights, Objective } from './objective.js';

/** What PyTorch and scikit-learn give: see test/goldens/README.md. */
const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/options.json', import.meta.url), 'utf8'),
) as {
  rDrop: {
    logits: number[][];
    labels: (0 | 1)[];
    cases: { alpha: number; loss: number; gradient: number[][] }[];
  };
  balancedWeights: { labels: (0 | 1)[]; weights: number[] };
};
const plain = { labelSmoothing: 0, classWeights: null, rDrop: 0 };
const examplesOf = (labels: readonly (0 | 1)[]): Example[] =>
  labels.map((label) => ({ tokenIds: [], label }));

describe.each(engines)('R-Drop on %s', (name) => {
  beforeAll(() => startEngine(name));
  const { rDrop } = goldens;
  const examples = examplesOf(rDrop.labels);
  const rows = rDrop.labels.length;

  it.each(rDrop.cases)("has the loss and gradient of the authors' code, halved, for α = $alpha", (golden) => {
    const before = memory().numTensors;
    tidy(() => {
      const objective = new Objective({ ...plain, rDrop: golden.alpha }, []);
      const labels = tensor1d(
        objective.rows(examples).map(({ label }) => label),
        'int32',
      );
      const loss = objective.partOf(examples);
      expect(loss(tensor2d(rDrop.logits), labels).dataSync()[0]).toBeCloseTo(golden.loss, 6);
      const gradient = grad((logits) => loss(logits as Tensor2D, labels))(tensor2d(rDrop.logits)).dataSync();
      golden.gradient
        .flat()
        .forEach((value, i) => expect(Math.abs(gradient[i]! - value), `element ${i}`).toBeLessThan(1e-6));
    });
    expect(memory().numTensors).toBe(before);
  });

  it('adds nothing where both judgements are the same', () => {
    tidy(() => {
      const half = rDrop.logits.slice(0, rows);
      const labels = tensor1d([...rDrop.labels, ...rDrop.labels], 'int32');
      const loss = (objective: Objective) =>
        objective
          .partOf(examples)(tensor2d([...half, ...half]), labels)
          .dataSync()[0]!;
      const once = new Objective(plain, [])
        .partOf(examples)(tensor2d(half), tensor1d(rDrop.labels, 'int32'))
        .dataSync()[0]!;
      expect(loss(new Objective({ ...plain, rDrop: 4 }, []))).toBeCloseTo(once, 6);
    });
  });

  it('is the sum of its parts, class weights and label smoothing included', () => {
    tidy(() => {
      const objective = new Objective({ labelSmoothing: 0.1, classWeights: [3, 0.5], rDrop: 2 }, []);
      const lossOf = (part: number[]) => {
        const logits = [...part, ...part.map((row) => row + rows)].map((row) => rDrop.logits[row]!);
        const labels = objective.rows(part.map((row) => examples[row]!)).map(({ label }) => label);
        return objective.partOf(examples)(tensor2d(logits), tensor1d(labels, 'int32')).dataSync()[0]!;
      };
      expect(lossOf([0]) + lossOf([1, 2, 3])).toBeCloseTo(lossOf([0, 1, 2, 3]), 5);
    });
  });
});

describe('balancedWeights', () => {
  it("are scikit-learn's", () => {
    const { labels, weights } = goldens.balancedWeights;
    balancedWeights(examplesOf(labels)).forEach((weight, label) =>
      expect(weight).toBeCloseTo(weights[label]!, 12),
    );
  });

  it('are none where a class is missing', () => {
    expect(() => balancedWeights(examplesOf([1, 1]))).toThrow('both classes');
  });
});
