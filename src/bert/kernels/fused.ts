import { customGrad, tidy, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';

/**
 * An operation that TF.js's tape treats as a whole. Fusing saves time: the gradient is one short formula
 * instead of the chain of its parts. It also saves memory: only what the gradient needs is kept, and all of
 * it, including `dy`, is freed once the gradient is computed. The tape itself would keep every tensor until
 * the end of the backward pass.
 */
export interface FusedOperation<T extends Tensor> {
  /** The tensors that have a gradient. The functions may close over others. */
  inputs: Tensor[];
  /** @returns the output, and the tensors that the gradient needs */
  forward: () => { output: T; saved: Tensor[] };
  /** @returns the gradient of each input, in the same order */
  gradient: (dy: T, saved: Tensor[]) => Tensor[];
}

export function fused<T extends Tensor>({ inputs, forward, gradient }: FusedOperation<T>): T {
  return customGrad((...args) => {
    const save = args.at(-1) as unknown as GradSaveFunc;
    const { output, saved } = forward();
    save(saved);
    return {
      value: output,
      gradFunc: (dy, saved) => {
        const gradients = tidy(() => gradient(dy as T, saved));
        for (const tensor of [dy, ...saved]) tensor.dispose();
        return gradients;
      },
    };
  })(...inputs) as T;
}
