import { backend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

/** The one member that we use of `BackendWasm`. */
interface WasmBackend {
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
}

/** A tensor's elements where they lie in WebAssembly memory. Valid until the next allocation, which may move the memory. */
export function heapView(tensor: TensorInfo): Float32Array {
  return (backend() as unknown as WasmBackend).typedArrayFromHeap(tensor) as Float32Array;
}

/** Likewise for int32. */
export function heapIntegers(tensor: Tensor | TensorInfo): Int32Array {
  return (backend() as unknown as WasmBackend).typedArrayFromHeap(tensor) as Int32Array;
}
