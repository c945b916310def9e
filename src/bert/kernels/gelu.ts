import { add, erf, exp, mul, square, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * The exact GELU, x · Φ(x) with Φ the normal distribution function (Hendrycks & Gimpel, 2016). This is the
 * "gelu" of BERT, not the tanh approximation.
 * @param x any shape, for BERT [rows, intermediate]
 */
export function gelu(x: Tensor2D): Tensor2D {
  return fused({
    inputs: [x],
    forward: () => ({ output: mul(x, distribution(x)), saved: [x] }),
    gradient: (dy, saved) => {
      const x = saved[0]!;
      // d/dx x·Φ(x) = Φ(x) + x·φ(x). Computing Φ again is cheap compared with the memory to keep it.
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [mul(dy, add(distribution(x), mul(x, density)))];
    },
  });
}

/** Φ */
function distribution<T extends Tensor>(x: T): T {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}
