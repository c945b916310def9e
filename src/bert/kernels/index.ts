import { dropoutMaskKernel } from './dropout.js';
import { register } from './kernel.js';
import { addBiasKernel, matrixProductKernel, sumOfRowsKernel } from './linear.js';
import { halfSumOfSquaresKernel } from './half-sum-of-squares.js';

const KERNELS = [
  matrixProductKernel,
  addBiasKernel,
  sumOfRowsKernel,
  dropoutMaskKernel,
  halfSumOfSquaresKernel,
];

/** Makes our kernels known to the named TF.js backend. */
export function registerKernels(backendName: string): void {
  for (const kernel of KERNELS) register(kernel, backendName);
}
