import { add, matMul, sum, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { run, type Kernel } from './kernel.js';
import { boolAttribute, dataTypeAttribute, runOp } from './tensorflow-op.js';
import { heapTensor, heapView } from './wasm-heap.js';
import { fused } from './fused.js';

/** a · b, each transposed first if asked for. TF.js's own goes through batched products, which are slower. */
export function matrixProduct(a: Tensor2D, b: Tensor2D, transposeA = false, transposeB = false): Tensor2D {
  return run(matrixProductKernel, { a, b }, { transposeA, transposeB });
}

export const matrixProductKernel: Kernel = {
  name: 'MatrixProduct',
  portable: ({ a, b }, { transposeA, transposeB }) =>
    matMul(a!, b!, transposeA as boolean, transposeB as boolean),
  tensorflow: ({ a, b }, { transposeA, transposeB }) =>
    runOp(
      'MatMul',
      [
        dataTypeAttribute('T', 'float32'),
        boolAttribute('transpose_a', transposeA as boolean),
        boolAttribute('transpose_b', transposeB as boolean),
      ],
      [a!, b!],
    ),
};

/** Adds `bias` [columns] to each row of `x` [rows, columns]. */
export function addBias(x: Tensor2D, bias: Tensor1D): Tensor2D {
  return run(addBiasKernel, { x, bias });
}

export const addBiasKernel: Kernel = {
  name: 'AddBias',
  portable: ({ x, bias }) => add(x!, bias!),
  tensorflow: ({ x, bias }) => runOp('BiasAdd', [dataTypeAttribute('T', 'float32')], [x!, bias!]),
};

/** Sums the rows of `x` [rows, columns]: [columns]. */
export function sumOfRows(x: Tensor2D): Tensor1D {
  return run(sumOfRowsKernel, { x });
}

export const sumOfRowsKernel: Kernel = {
  name: 'SumOfRows',
  portable: ({ x }) => sum(x!, 0),
  tensorflow: ({ x }) => runOp('BiasAddGrad', [dataTypeAttribute('T', 'float32')], [x!]),
  // TF.js's sum transposes first.
  wasm: ({ x }) => {
    const [rows, columns] = x!.shape as [number, number];
    const result = heapTensor([columns]);
    heapView(result).set(addRows(heapView(x!), rows, columns));
    return result;
  },
};

/** Four rows at a time, so that a sum is read and written once for four numbers. */
function addRows(x: Float32Array, rows: number, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  const blocks = rows - (rows % 4);
  for (let row = 0; row < blocks; row += 4) {
    for (let column = 0, i = row * columns; column < columns; column++, i++) {
      sums[column]! += x[i]! + x[i + columns]! + x[i + 2 * columns]! + x[i + 3 * columns]!;
    }
  }
  for (let i = blocks * columns; i < rows * columns; i++) sums[i % columns]! += x[i]!;
  return sums;
}

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
