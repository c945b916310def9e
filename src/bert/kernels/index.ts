import { crossEntropyKernel } from './cross-entropy.js';
import { dropoutKernel } from './dropout.js';
import { embeddingLookupKernel } from './embedding-lookup.js';
import { registerFusedKernel } from './fused-kernel.js';
import { geluKernel } from './gelu.js';
import { layerNormKernel } from './layer-norm.js';
import { linearKernel } from './linear.js';
import { sumOfSquaresKernel } from './sum-of-squares.js';

const FUSED_KERNELS = [
  linearKernel,
  layerNormKernel,
  geluKernel,
  dropoutKernel,
  crossEntropyKernel,
  embeddingLookupKernel,
  sumOfSquaresKernel,
];

/** Makes every fused kernel known to the named TF.js backend. */
export function registerFusedKernels(backendName: string): void {
  for (const kernel of FUSED_KERNELS) registerFusedKernel(kernel, backendName);
}
