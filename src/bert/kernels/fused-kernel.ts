import {
  engine,
  registerGradient,
  registerKernel,
  tidy,
  type GradFunc,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';

type Attributes = Record<string, unknown>;

/** Computes a fused operation's outputs from its inputs; what it makes besides its outputs is disposed for it. */
export type Forward = (inputs: NamedTensorMap, attributes: Attributes) => Tensor | Tensor[];

/**
 * One operation that TF.js sees as a whole: a kernel for each backend and one gradient. Fusing saves memory (only what the
 * gradient needs is kept) and time (the gradient is the short formula, not the chain of its parts).
 */
export interface FusedKernel {
  name: string;
  /** In plain TF.js operations: runs on every backend. */
  portable: Forward;
  /** Where native TensorFlow has something better. */
  tensorflow?: Forward;
  /** Which inputs and outputs the gradient wants to see, in this order. */
  saves?: { inputs?: string[]; outputs?: boolean[] };
  /** TF.js's gradient function: gradients of the outputs and what was saved → a thunk per input. */
  gradient?: GradFunc;
}

/** Makes a fused kernel known to the given TF.js backend. Registering twice is harmless. */
export function registerFusedKernel(kernel: FusedKernel, backendName: string): void {
  const forward = backendName === 'tensorflow' ? (kernel.tensorflow ?? kernel.portable) : kernel.portable;
  if (isRegistered(kernel.name, backendName)) return;
  registerKernel({
    kernelName: kernel.name,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      tidy(() => forward(inputs as NamedTensorMap, (attrs ?? {}) as Attributes)),
  });
  if (kernel.gradient) {
    registerGradient({
      kernelName: kernel.name,
      inputsToSave: kernel.saves?.inputs ?? [],
      outputsToSave: kernel.saves?.outputs ?? [],
      gradFunc: kernel.gradient,
    });
  }
}

/** Runs a fused kernel of several outputs, the first of which is the result; the others are for its gradient. */
export function runFused<T extends Tensor>(
  kernel: FusedKernel,
  inputs: NamedTensorMap,
  attributes: Attributes = {},
): T {
  const outputs = engine().runKernel<Tensor | Tensor[]>(kernel.name, inputs, attributes as never);
  return (Array.isArray(outputs) ? outputs[0] : outputs) as T;
}

const registered = new Set<string>();

function isRegistered(kernelName: string, backendName: string): boolean {
  const key = `${backendName}/${kernelName}`;
  if (registered.has(key)) return true;
  registered.add(key);
  return false;
}
