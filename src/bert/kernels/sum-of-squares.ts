import { mul, square, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { runFused, type FusedKernel } from './fused-kernel.js';
import { dataTypeAttribute, runOp } from './tensorflow-op.js';

/** Σ x² over all elements: what a global norm is made of. Has no gradient. */
export function sumOfSquares(x: Tensor): Scalar {
  return runFused(sumOfSquaresKernel, { x });
}

export const sumOfSquaresKernel: FusedKernel = {
  name: 'SumOfSquares',
  portable: ({ x }) => sum(square(x!)) as Scalar,
  // TensorFlow's L2Loss is Σ x² / 2, without a temporary of x's size.
  tensorflow: ({ x }) => mul(runOp('L2Loss', [dataTypeAttribute('T', 'float32')], [x!]), 2),
};
