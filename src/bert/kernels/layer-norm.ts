import {
  add,
  mean,
  mul,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { runFused, type FusedKernel } from './fused-kernel.js';

/**
 * Layer normalisation (Ba, Kiros & Hinton, 2016) over the last axis, with the biased variance, as `torch.nn.LayerNorm`.
 * @param x [rows, hidden]
 * @param gamma scale, [hidden]
 * @param beta shift, [hidden]
 * @param epsilon added to the variance
 * @returns [rows, hidden]
 */
export function layerNorm(x: Tensor2D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): Tensor2D {
  return runFused(layerNormKernel, { x, gamma, beta }, { epsilon });
}

export const layerNormKernel: FusedKernel = {
  name: 'LayerNorm',
  portable: ({ x, gamma, beta }, { epsilon }) => {
    const centred = sub(x!, mean(x!, -1, true));
    const inverseDeviation = rsqrt(add(mean(square(centred), -1, true), epsilon as number));
    const normalised = mul(centred, inverseDeviation);
    return [add(mul(normalised, gamma!), beta!), normalised, inverseDeviation];
  },
  saves: { inputs: ['gamma'], outputs: [false, true, true] },
  gradient: (dys, saved) => {
    const dy = (dys as Tensor[])[0] as Tensor2D;
    const [gamma, normalised, inverseDeviation] = saved as [Tensor1D, Tensor2D, Tensor2D];
    return {
      // dx = (g - mean(g) - x̂ · mean(g · x̂)) / σ, where g = dy · γ
      x: () => {
        const scaled = mul(dy, gamma);
        const projection = mul(normalised, mean(mul(scaled, normalised), -1, true));
        return mul(sub(sub(scaled, mean(scaled, -1, true)), projection), inverseDeviation);
      },
      gamma: () => sum(mul(dy, normalised), 0) as Tensor,
      beta: () => sum(dy, 0) as Tensor,
    };
  },
};
