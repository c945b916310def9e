import { engine, registerKernel, tidy, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

type Attributes = Record<string, unknown>;

/** Computes a tensor from tensors; what it makes besides is disposed for it. */
type Compute = (inputs: NamedTensorMap, attributes: Attributes) => Tensor;

/** A computation for which a backend has something better than TF.js's operations. It has no gradient of its own. */
export interface Kernel {
  name: string;
  /** In plain TF.js operations: runs on every backend, where there is nothing better. */
  portable: Compute;
  /** For native TensorFlow: see `tensorflow-op.ts`. */
  tensorflow: Compute;
  /** For WebAssembly: a loop over its memory, see `wasm-heap.ts`. */
  wasm?: Compute;
}

const registered = new Set<string>();

/** Makes a kernel known to the given TF.js backend. Registering twice is harmless. */
export function register(kernel: Kernel, backendName: string): void {
  const key = `${backendName}/${kernel.name}`;
  if (registered.has(key)) return;
  registered.add(key);
  const { tensorflow, wasm, portable } = kernel;
  const compute = { tensorflow, wasm }[backendName] ?? portable;
  registerKernel({
    kernelName: kernel.name,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      tidy(() => compute(inputs as NamedTensorMap, (attrs ?? {}) as Attributes)),
  });
}

export function run<T extends Tensor>(
  kernel: Kernel,
  inputs: NamedTensorMap,
  attributes: Attributes = {},
): T {
  return engine().runKernel<T>(kernel.name, inputs, attributes as never);
}
