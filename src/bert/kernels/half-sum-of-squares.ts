import { mul, square, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { run, type Kernel } from './kernel.js';
import { dataTypeAttribute, runOp } from './tensorflow-op.js';

/** ½ Σ x² over all elements: what a global norm is made of. */
export function halfSumOfSquares(x: Tensor): Scalar {
  return run(halfSumOfSquaresKernel, { x });
}

export const halfSumOfSquaresKernel: Kernel = {
  name: 'HalfSumOfSquares',
  portable: ({ x }) => mul(sum(square(x!)), 0.5),
  // Without a temporary of x's size.
  tensorflow: ({ x }) => runOp('L2Loss', [dataTypeAttribute('T', 'float32')], [x!]),
};
