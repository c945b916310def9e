import { add, matMul, sum, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { runFused, type FusedKernel } from './fused-kernel.js';
import { boolAttribute, dataTypeAttribute, runOp } from './tensorflow-op.js';

/**
 * y = x · weightᵀ + bias, as `torch.nn.Linear` has it.
 * @param x [rows, in]
 * @param weight [out, in]: the layout of Hugging Face checkpoints, used as it lies
 * @param bias [out]
 * @returns [rows, out]
 */
export function linear(x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  return runFused(linearKernel, { x, weight, bias });
}

export const linearKernel: FusedKernel = {
  name: 'Linear',
  portable: ({ x, weight, bias }) => add(matMul(x!, weight!, false, true), bias!),
  tensorflow: ({ x, weight, bias }) => {
    const type = dataTypeAttribute('T', 'float32');
    const product = runOp(
      'MatMul',
      [type, boolAttribute('transpose_a', false), boolAttribute('transpose_b', true)],
      [x!, weight!],
    );
    return runOp('BiasAdd', [type], [product, bias!]);
  },
  saves: { inputs: ['x', 'weight'] },
  gradient: (dy, saved) => {
    const gradient = dy as Tensor2D;
    const [x, weight] = saved as [Tensor2D, Tensor2D];
    return {
      x: () => matMul(gradient, weight),
      weight: () => matMul(gradient, x, true, false),
      bias: () => sum(gradient, 0) as Tensor,
    };
  },
};
