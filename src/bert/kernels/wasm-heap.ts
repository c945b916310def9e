import { backend, engine, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

/** The members of `BackendWasm` in `@tensorflow/tfjs-backend-wasm` that we use. */
interface WasmBackend {
  wasm: { HEAPU8: Uint8Array };
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
}

/**
 * A view of a tensor's elements in WebAssembly memory. It is valid until the next allocation, which may move
 * the memory.
 */
export function heapView(tensor: TensorInfo): Float32Array {
  return wasmBackend().typedArrayFromHeap(tensor) as Float32Array;
}

/** The same for int32. */
export function heapIntegers(tensor: TensorInfo): Int32Array {
  return wasmBackend().typedArrayFromHeap(tensor) as Int32Array;
}

/** An uninitialised float32 tensor. Write all of it through {@link heapView}. */
export function heapTensor(shape: readonly number[]): Tensor {
  return engine().makeTensorFromTensorInfo(wasmBackend().makeOutput(shape, 'float32'));
}

/** Size of the WebAssembly memory in bytes. It never shrinks. */
export function heapBytes(): number {
  return wasmBackend().wasm.HEAPU8.buffer.byteLength;
}

function wasmBackend(): WasmBackend {
  return backend() as unknown as WasmBackend;
}
