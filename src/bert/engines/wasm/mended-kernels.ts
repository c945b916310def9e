import {
  backend,
  engine,
  getKernel,
  registerKernel,
  tidy,
  transpose,
  unregisterKernel,
  type KernelFunc,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { heapIntegers, heapView } from './heap.js';

let mended = false;

/** What training needs of the WebAssembly backend (4.22) and does not find there, or finds slow. */
export function mendWasmKernels(): void {
  if (mended) return;
  mended = true;
  transposeBeforeMatMul();
  registerKernel({ kernelName: 'UnsortedSegmentSum', backendName: 'wasm', kernelFunc: unsortedSegmentSum });
}

/** The backend multiplies transposed operands in a scalar loop, several times slower than a transposition and its fast path. */
function transposeBeforeMatMul(): void {
  const original = getKernel('BatchMatMul', 'wasm').kernelFunc;
  unregisterKernel('BatchMatMul', 'wasm');
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
    tidy(() => {
      const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
      const a = transposeA ? transposeLastAxes(inputs.a as Tensor) : inputs.a!;
      const b = transposeB ? transposeLastAxes(inputs.b as Tensor) : inputs.b!;
      const product = original({
        inputs: { a, b },
        attrs: { transposeA: false, transposeB: false },
        backend,
      });
      return engine().makeTensorFromTensorInfo(product as TensorInfo);
    });
  registerKernel({ kernelName: 'BatchMatMul', backendName: 'wasm', kernelFunc });
}

function transposeLastAxes(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  const last = axes.length - 1;
  return transpose(x, [...axes.slice(0, -2), last, last - 1]);
}

/** Sums the rows of `x` [n, width] whose segment number is the same: what `gather` does, backwards. */
const unsortedSegmentSum: KernelFunc = ({ inputs, attrs }) => {
  const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const { numSegments } = attrs as unknown as { numSegments: number };
  const width = x.shape.slice(1).reduce((product, size) => product * size, 1);
  const sums = new Float32Array(numSegments * width);
  const rows = heapView(x);
  heapIntegers(segmentIds).forEach((segment, row) => {
    for (let i = 0; i < width; i++) sums[segment * width + i]! += rows[row * width + i]!;
  });
  const shape = [numSegments, ...x.shape.slice(1)];
  return { dataId: backend().write(sums, shape, 'float32'), shape, dtype: 'float32' };
};
