import {
  getKernel,
  registerKernel,
  unregisterKernel,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { heapIntegers, heapTensor, heapView } from '../../kernels/wasm-heap.js';
import { batchMatMul } from './batch-mat-mul.js';

/** What training needs of the WebAssembly backend (4.22) and does not find there, or finds slow. */
export function mendWasmKernels(): void {
  replaceKernel('BatchMatMul', batchMatMul);
  replaceKernel('Identity', () => identity);
  replaceKernel('GatherV2', gather);
  registerKernel({ kernelName: 'UnsortedSegmentSum', backendName: 'wasm', kernelFunc: unsortedSegmentSum });
}

function replaceKernel(kernelName: string, better: (original: KernelFunc) => KernelFunc): void {
  const { kernelFunc, ...kernel } = getKernel(kernelName, 'wasm');
  unregisterKernel(kernelName, 'wasm');
  registerKernel({ ...kernel, kernelFunc: better(kernelFunc) });
}

/** Shares the elements, as the other backends do. This backend copies them, so all that a gradient keeps would be there twice. */
const identity: KernelFunc = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs.x!;
  (backend as { incRef(dataId: object): void }).incRef(dataId);
  return { dataId, shape, dtype };
};

/** Copies rows as wholes, where rows are asked for; the backend goes by single numbers. */
function gather(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo };
    const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
    if (axis !== 0 || batchDims !== 0 || x.shape.length !== 2 || indices.shape.length !== 1) {
      return original({ inputs, attrs, backend });
    }
    const width = x.shape[1]!;
    const result = heapTensor([indices.shape[0]!, width]);
    const [table, rows] = [heapView(x), heapView(result)];
    heapIntegers(indices).forEach((index, row) =>
      rows.set(table.subarray(index * width, (index + 1) * width), row * width),
    );
    return result;
  };
}

/** Sums the rows of `x` [n, width] whose segment number is the same: what `gather` does, backwards. */
const unsortedSegmentSum: KernelFunc = ({ inputs, attrs }) => {
  const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const { numSegments } = attrs as unknown as { numSegments: number };
  const width = x.shape.slice(1).reduce((product, size) => product * size, 1);
  const result = heapTensor([numSegments, ...x.shape.slice(1)]);
  const sums = heapView(result).fill(0);
  const rows = heapView(x);
  heapIntegers(segmentIds).forEach((segment, row) => {
    for (let i = 0; i < width; i++) sums[segment * width + i]! += rows[row * width + i]!;
  });
  return result;
};
