import {
  cast,
  exp,
  logSoftmax,
  mul,
  neg,
  oneHot,
  sub,
  sum,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { runFused, type FusedKernel } from './fused-kernel.js';

/**
 * Mean cross-entropy of the softmax of logits against class numbers, as `torch.nn.CrossEntropyLoss`.
 * @param logits [batch, classes]
 * @param labels int32 [batch], each less than `classes`
 * @returns a scalar
 */
export function crossEntropy(logits: Tensor2D, labels: Tensor1D): Scalar {
  return runFused(crossEntropyKernel, { logits, labels });
}

export const crossEntropyKernel: FusedKernel = {
  name: 'CrossEntropy',
  portable: ({ logits, labels }) => {
    const [batch, classes] = logits!.shape as [number, number];
    const logProbabilities = logSoftmax(logits!, -1);
    // Cast, since the WebAssembly backend's oneHot writes integers whatever type it is asked for.
    const targets = cast(oneHot(labels as Tensor1D, classes), 'float32');
    const loss = neg(mul(sum(mul(logProbabilities, targets)), 1 / batch));
    const logitsGradient = mul(sub(exp(logProbabilities), targets), 1 / batch);
    return [loss, logitsGradient];
  },
  saves: { outputs: [false, true] },
  gradient: (dys, saved) => {
    const logitsGradient = saved[0] as Tensor2D;
    return { logits: () => mul(logitsGradient, (dys as Tensor[])[0]!) };
  },
};
