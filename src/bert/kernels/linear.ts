import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { fused } from './fused.js';
import { addBias, matrixProduct, sumOfRows } from './matrix-product.js';

/**
 * y = x · weightᵀ + bias, as in `torch.nn.Linear`.
 * @param x [rows, in]
 * @param weight [out, in], the layout of Hugging Face checkpoints
 * @param bias [out]
 * @returns [rows, out]
 */
export function linear(x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  return fused({
    inputs: [x, weight, bias],
    forward: () => ({ output: addBias(matrixProduct(x, weight, false, true), bias), saved: [x, weight] }),
    gradient: (dy, saved) => {
      const [x, weight] = saved as [Tensor2D, Tensor2D];
      return [matrixProduct(dy, weight), matrixProduct(dy, x, true, false), sumOfRows(dy)];
    },
  });
}
