import { customGrad, tidy, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';

/**
 * An operation that TF.js's tape sees as a whole. Fusing saves time, since its gradient is the short formula and not the chain
 * of its parts, and memory: only what the gradient needs is kept, and all of it, `dy` included, is freed once the gradient is
 * computed (the tape itself would hold every tensor until the whole backward pass is done).
 */
export interface FusedOperation<T extends Tensor> {
  /** The tensors that have a gradient; others the functions may simply close over. */
  inputs: Tensor[];
  /** @returns the output, and what the gradient wants to see */
  forward: () => { output: T; saved: Tensor[] };
  /** @returns the gradient of each input, in their order */
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
