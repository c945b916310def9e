import { add, erf, exp, mul, square, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { runFused, type FusedKernel } from './fused-kernel.js';

/**
 * GELU in its exact form, x · Φ(x) with Φ the normal distribution function (Hendrycks & Gimpel, 2016): the "gelu" of BERT,
 * not the tanh approximation.
 * @param x any shape, for BERT [rows, intermediate]
 */
export function gelu(x: Tensor2D): Tensor2D {
  return runFused(geluKernel, { x });
}

export const geluKernel: FusedKernel = {
  name: 'Gelu',
  portable: ({ x }) => {
    const distribution = mul(add(erf(mul(x!, Math.SQRT1_2)), 1), 0.5);
    return [mul(x!, distribution), distribution];
  },
  saves: { inputs: ['x'], outputs: [false, true] },
  gradient: (dys, saved) => {
    const dy = (dys as Tensor[])[0]!;
    const [x, distribution] = saved as [Tensor, Tensor];
    return {
      // d/dx x·Φ(x) = Φ(x) + x·φ(x)
      x: () => {
        const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return mul(dy, add(distribution, mul(x, density)));
      },
    };
  },
};
