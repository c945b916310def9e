import { mul, square, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { run, type Kernel } from './kernel.js';
import { dataTypeAttribute, runOp } from './tensorflow-op.js';

/** Σ x² over all elements: what a global norm is made of. */
export function sumOfSquares(x: Tensor): Scalar {
  return run(sumOfSquaresKernel, { x });
}

export const sumOfSquaresKernel: Kernel = {
  name: 'SumOfSquares',
  portable: ({ x }) => sum(square(x!)),
  // TensorFlow's L2Loss is Σ x² / 2, without a temporary of x's size.
  tensorflow: ({ x }) => mul(runOp('L2Loss', [dataTypeAttribute('T', 'float32')], [x!]), 2),
};
