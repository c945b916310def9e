import { grad, memory, tensor1d, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { startEngine } from '../engines/start.js';
import { crossEntropy, type CrossEntropyOptions } from './cross-entropy.js';

/** What `torch.nn.CrossEntropyLoss` gives: see test/goldens/README.md. */
const { crossEntropy: goldens } = JSON.parse(
  readFileSync(new URL('../../../test/goldens/options.json', import.meta.url), 'utf8'),
) as {
  crossEntropy: {
    logits: number[][];
    labels: number[];
    cases: { labelSmoothing: number; classWeights: number[] | null; loss: number; gradient: number[][] }[];
  };
};

describe.each(engines)('crossEntropy on %s', (name) => {
  beforeAll(() => startEngine(name));

  const lossOf = (rows: number[], options: CrossEntropyOptions) => (logits: Tensor2D) =>
    crossEntropy(
      logits,
      tensor1d(
        rows.map((row) => goldens.labels[row]!),
        'int32',
      ),
      options,
    );
  const logitsOf = (rows: number[]) => tensor2d(rows.map((row) => goldens.logits[row]!));
  const all = goldens.labels.map((_, row) => row);

  it.each(goldens.cases)(
    "is PyTorch's with label smoothing $labelSmoothing and class weights $classWeights",
    (golden) => {
      const before = memory().numTensors;
      tidy(() => {
        const options = {
          labelSmoothing: golden.labelSmoothing,
          ...(golden.classWeights ? { classWeights: golden.classWeights } : {}),
        };
        expectClose(lossOf(all, options)(logitsOf(all)).dataSync(), [golden.loss]);
        const gradient = grad((logits) => lossOf(all, options)(logits as Tensor2D))(logitsOf(all));
        expectClose(gradient.dataSync(), golden.gradient.flat());
      });
      expect(memory().numTensors).toBe(before);
    },
  );

  it.each(goldens.cases)('is the sum of its parts (%#)', ({ labelSmoothing, classWeights, loss }) => {
    const divisor = goldens.labels.reduce((sum, label) => sum + (classWeights?.[label] ?? 1), 0);
    const options = { labelSmoothing, ...(classWeights ? { classWeights } : {}), divisor };
    const parts = [all.slice(0, 2), all.slice(2, 5), all.slice(5)].map((rows) =>
      tidy(() => lossOf(rows, options)(logitsOf(rows)).dataSync()[0]!),
    );
    expectClose([parts.reduce((sum, part) => sum + part)], [loss]);
  });
});

function expectClose(actual: ArrayLike<number>, golden: readonly number[]): void {
  expect(actual.length).toBe(golden.length);
  golden.forEach((value, i) => expect(Math.abs(actual[i]! - value), `element ${i}`).toBeLessThan(1e-6));
}
