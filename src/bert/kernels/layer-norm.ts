import { add, mean, mul, rsqrt, square, sub, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { dropoutMask, type Dropout } from './dropout.js';
import { fused } from './fused.js';
import { sumOfRows } from './linear.js';

/**
 * Layer normalisation (Ba, Kiros & Hinton, 2016) over the last axis, with the biased variance, as `torch.nn.LayerNorm`.
 * @param x [rows, hidden]
 * @param gamma scale, [hidden]
 * @param beta shift, [hidden]
 * @param epsilon added to the variance
 * @returns [rows, hidden]
 */
export function layerNorm(x: Tensor2D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): Tensor2D {
  return fused({
    inputs: [x, gamma, beta],
    forward: () => forward(x, gamma, beta, epsilon),
    gradient: (dy, saved) => gradient(dy, saved as Saved),
  });
}

/**
 * LayerNorm(dropout(x) + residual), the end of each half of a Transformer layer.
 * @param x [rows, hidden]
 * @param residual [rows, hidden]
 * @returns [rows, hidden]
 */
export function residualLayerNorm(
  x: Tensor2D,
  residual: Tensor2D,
  gamma: Tensor1D,
  beta: Tensor1D,
  epsilon: number,
  dropout: Dropout,
): Tensor2D {
  return fused({
    inputs: [x, residual, gamma, beta],
    forward: () => {
      const mask = dropoutMask(x.shape, dropout);
      const { output, saved } = forward(add(mask ? mul(x, mask) : x, residual), gamma, beta, epsilon);
      return { output, saved: mask ? [...saved, mask] : saved };
    },
    gradient: (dy, saved) => {
      const [dSum, dGamma, dBeta] = gradient(dy, saved as Saved);
      const mask = saved[3] as Tensor2D | undefined;
      return [mask ? mul(dSum, mask) : dSum.clone(), dSum, dGamma, dBeta];
    },
  });
}

type Saved = [gamma: Tensor1D, normalised: Tensor2D, inverseDeviation: Tensor2D];

function forward(
  x: Tensor2D,
  gamma: Tensor1D,
  beta: Tensor1D,
  epsilon: number,
): { output: Tensor2D; saved: Saved } {
  const centred = sub(x, mean(x, -1, true));
  const inverseDeviation = rsqrt(add(mean(square(centred), -1, true), epsilon)) as Tensor2D;
  const normalised = mul(centred, inverseDeviation) as Tensor2D;
  return { output: add(mul(normalised, gamma), beta), saved: [gamma, normalised, inverseDeviation] };
}

/** dx = (g - mean(g) - x̂ · mean(g · x̂)) / σ, where g = dy · γ */
function gradient(
  dy: Tensor2D,
  [gamma, normalised, inverseDeviation]: Saved,
): [dx: Tensor2D, dGamma: Tensor1D, dBeta: Tensor1D] {
  const scaled = mul(dy, gamma) as Tensor2D;
  const projection = mul(normalised, mean(mul(scaled, normalised), -1, true));
  const dx = mul(sub(sub(scaled, mean(scaled, -1, true)), projection), inverseDeviation) as Tensor2D;
  return [dx, sumOfRows(mul(dy, normalised)), sumOfRows(dy)];
}
