import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { ParameterSnapshot } from './parameter-store.js';

/** A snapshot over tensors at hand; `release` is the owner's way to let go of them. */
export function parameterSnapshot(
  tensors: ReadonlyMap<string, Tensor>,
  release: () => void,
): ParameterSnapshot {
  const get = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`The model has no parameter "${name}". This is a bug.`);
    return tensor;
  };
  return {
    tensors,
    matrix: (name) => get(name) as Tensor2D,
    vector: (name) => get(name) as Tensor1D,
    release,
  };
}
