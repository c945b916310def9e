/*
 * Skeleton of a kernel's test: copy it to src/bert/kernels/NAME.spec.ts. In its imports, write `./` for `../../../src/bert/kernels/`,
 * `../` for `../../../src/bert/`, and `../../../test/` for `../../`. Once `kernels/index.ts` lists the kernel, leave out `register`.
 */
import { getBackend, memory, relu, square, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/bert/engines/start.js';
import { register } from '../../../src/bert/kernels/kernel.js';
import { engines } from '../../support/engines.js';
import { expectGradient } from '../../support/gradients.js';
import { squaredRelu, squaredReluKernel } from './squared-relu.js';

/** Of both signs, and not near 0: finite differences are wrong at a kink. */
const values = [-2, -0.7, -0.1, 0.1, 0.4, 2.5];

// Every engine of this machine: native TensorFlow where it is installed, and WebAssembly.
describe.each(engines)('squaredRelu on %s', (name) => {
  beforeAll(async () => {
    await startEngine(name);
    register(squaredReluKernel, getBackend());
  });

  it('computes the formula', () => {
    const before = memory().numTensors;
    tidy(() => {
      const x = tensor2d(values, [2, 3]);
      const y = squaredRelu(x).dataSync();
      // A number by hand, so that the definition cannot be wrong itself, and the definition for all.
      expect(y[5]).toBe(6.25);
      square(relu(x))
        .dataSync()
        .forEach((expected, i) => expect(Math.abs(y[i]! - expected)).toBeLessThan(1e-6));
    });
    // A kernel leaves nothing in the memory of the engine.
    expect(memory().numTensors).toBe(before);
  });

  it('has the gradient that finite differences give', () => {
    expectGradient([{ shape: [2, 3], values }], (x) => squaredRelu(x as Tensor2D));
  });
});
