import { engine, registerKernel, tidy, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

type Attributes = Record<string, unknown>;

/** Computes a tensor from tensors. Intermediate tensors are disposed by the caller. */
type Compute = (inputs: NamedTensorMap, attributes: Attributes) => Tensor;

/**
 * A computation for which a backend has a better way than the operations of TF.js. It has no gradient of its
 * own.
 */
export interface Kernel {
  name: string;
  /** In plain TF.js operations, for every backend without a better way. */
  portable: Compute;
  /** For native TensorFlow: see `tensorflow-op.ts`. */
  tensorflow: Compute;
  /** For WebAssembly: a loop over its memory, see `wasm-heap.ts`. */
  wasm?: Compute;
}

const registered = new Set<string>();

/** Registers a kernel with a TF.js backend. Registering twice is harmless. */
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
