import { backend, engine, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

/** The few members that we use of `BackendWasm` in `@tensorflow/tfjs-backend-wasm`. */
interface WasmBackend {
  wasm: { HEAPU8: Uint8Array };
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
}

/** A tensor's elements where they lie in WebAssembly memory. Valid until the next allocation, which may move the memory. */
export function heapView(tensor: TensorInfo): Float32Array {
  return wasmBackend().typedArrayFromHeap(tensor) as Float32Array;
}

/** Likewise for int32. */
export function heapIntegers(tensor: TensorInfo): Int32Array {
  return wasmBackend().typedArrayFromHeap(tensor) as Int32Array;
}

/** A float32 tensor that holds whatever lay there before: write all of it through {@link heapView}. */
export function heapTensor(shape: readonly number[]): Tensor {
  return engine().makeTensorFromTensorInfo(wasmBackend().makeOutput(shape, 'float32'));
}

/** Size of the WebAssembly memory. It grows, and never becomes less. */
export function heapBytes(): number {
  return wasmBackend().wasm.HEAPU8.buffer.byteLength;
}

function wasmBackend(): WasmBackend {
  return backend() as unknown as WasmBackend;
}
