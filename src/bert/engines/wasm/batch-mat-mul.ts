import type { KernelFunc, Tensor } from '@tensorflow/tfjs-core';
import { heapTensor, heapView } from '../../kernels/wasm-heap.js';

/** The members that we use of `BackendWasm`: it knows the numbers of a tensor by an id. */
interface WasmBackend {
  dataIdNextNumber: number;
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  wasm: {
    cwrap(name: string, result: null, parameters: ('number' | 'array')[]): (...values: unknown[]) => void;
    tfjs: {
      registerTensor(id: number, size: number, memoryOffset: number): void;
      disposeData(id: number): void;
    };
  };
}

/**
 * Multiplications from which setting up XNNPACK for a matrix, and waking its threads, is quicker than a scalar loop.
 * Attention has that many from about 32 tokens on.
 */
const WORTH_XNNPACK = 2 ** 15;

/**
 * Wraps the backend's matrix product. It gives XNNPACK only single matrices, of which none is to be transposed, and all else to
 * a scalar loop that takes ten times as long: so here operands are transposed first, and batches multiplied one by one.
 *
 * It also lets XNNPACK pack the right-hand matrix once and keeps that while the tensor lives. For parameters that are updated in
 * place it would be wrong from the second step on, and for all others a waste of memory: so each product is made under ids of
 * its own, which are forgotten at once.
 */
export function batchMatMul(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as { a: Tensor; b: Tensor };
    const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
    const count = matrices(a);
    const [rows, inner] = transposeA
      ? [a.shape.at(-1)!, a.shape.at(-2)!]
      : [a.shape.at(-2)!, a.shape.at(-1)!];
    const columns = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const areSmall = count > 1 && rows * inner * columns < WORTH_XNNPACK;
    if (areSmall || count !== matrices(b)) return original({ inputs, attrs, backend });

    const left = transposeA ? transposed(a) : a;
    const right = transposeB ? transposed(b) : b;
    const product = heapTensor([...a.shape.slice(0, -2), rows, columns]);
    multiply(backend as WasmBackend, left, right, product);
    if (transposeA) left.dispose();
    if (transposeB) right.dispose();
    return product;
  };
}

/** How many matrices lie in the last two axes. */
function matrices({ shape, size }: Tensor): number {
  return size / (shape.at(-2)! * shape.at(-1)!);
}

/** Multiplies each matrix of `a` [..., rows, inner] with that of `b` [..., inner, columns] into that of `product`. */
function multiply(backend: WasmBackend, a: Tensor, b: Tensor, product: Tensor): void {
  const { cwrap, tfjs } = backend.wasm;
  const number = 'number';
  const run = cwrap('BatchMatMul', null, [
    number,
    'array',
    number,
    number,
    'array',
    number,
    number,
    number,
    number, // prettier-ignore
  ]);
  const operands = [a, b, product].map((tensor) => {
    const shape = [1, ...tensor.shape.slice(-2)];
    const size = shape[1]! * shape[2]!;
    const start = backend.dataIdMap.get(tensor.dataId).memoryOffset;
    return {
      id: backend.dataIdNextNumber++,
      shape: new Uint8Array(Int32Array.from(shape).buffer),
      size,
      start,
    };
  });
  const [left, right, out] = operands as [(typeof operands)[0], (typeof operands)[0], (typeof operands)[0]];
  for (let i = 0; i < matrices(a); i++) {
    for (const { id, size, start } of operands) {
      tfjs.registerTensor(id, size, start + i * size * Float32Array.BYTES_PER_ELEMENT);
    }
    run(left.id, left.shape, 3, right.id, right.shape, 3, false, false, out.id);
    for (const { id } of operands) tfjs.disposeData(id);
  }
}

function transposed(x: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const result = heapTensor([...x.shape.slice(0, -2), columns, rows]);
  const [from, to] = [heapView(x), heapView(result)];
  for (let start = 0; start < x.size; start += rows * columns) transpose(from, to, start, rows, columns);
  return result;
}

/** Transposes the matrix at `start`, eight rows at a time, so that what is written lies together. */
function transpose(from: Float32Array, to: Float32Array, start: number, rows: number, columns: number): void {
  const blocks = rows - (rows % 8);
  for (let row = 0; row < blocks; row += 8) {
    for (let column = 0, i = start + row * columns; column < columns; column++, i++) {
      const j = start + column * rows + row;
      to[j] = from[i]!;
      to[j + 1] = from[i + columns]!;
      to[j + 2] = from[i + 2 * columns]!;
      to[j + 3] = from[i + 3 * columns]!;
      to[j + 4] = from[i + 4 * columns]!;
      to[j + 5] = from[i + 5 * columns]!;
      to[j + 6] = from[i + 6 * columns]!;
      to[j + 7] = from[i + 7 * columns]!;
    }
  }
  for (let row = blocks; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      to[start + column * rows + row] = from[start + row * columns + column]!;
    }
  }
}
